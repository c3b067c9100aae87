"""Drawing. Pure functions of arrays: no files, no store, no estimator."""
