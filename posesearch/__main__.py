"""Entry point of `python -m posesearch`."""

from posesearch.cli import main_of_process

if __name__ == "__main__":
    main_of_process()
