"""One module an estimator; every estimate is a Fit."""
