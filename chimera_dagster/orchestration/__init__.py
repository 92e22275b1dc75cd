"""The only package that imports dagster: assets, partitions, jobs and sensors around `pipeline` and `trials`."""
