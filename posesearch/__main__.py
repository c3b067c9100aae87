"""Entry point of `python -m posesearch`."""

from posesearch.cli import main

if __name__ == "__main__":
    main()
