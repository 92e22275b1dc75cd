"""The only package that imports dagster: assets, partitions, jobs and sensors around the functions of `pipeline`."""
