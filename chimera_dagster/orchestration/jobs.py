"""The jobs: the evidence; a trial, once for each partition; and the index over all trials."""

from dagster import AssetSelection, define_asset_job

EVIDENCE_ASSETS = ("data_summary", "facts", "findings", "notes")  # what a trial depends on
BRIEF_ASSETS = ("brief",)
MEASURED_ASSETS = ("llm_analysis", "llm_report", "trial_metrics")  # of every round of a trial
TRIAL_ASSETS = (*MEASURED_ASSETS, "rendered_report")

ingest_job = define_asset_job(
    "ingest_reports",
    AssetSelection.assets("benchmark_files", "measurements", *EVIDENCE_ASSETS, *BRIEF_ASSETS),
    description="Read the reports folder, compute the statistics and facts that every trial uses, and write the brief.",
)
trial_job = define_asset_job(
    "write_report",
    AssetSelection.assets(*TRIAL_ASSETS),
    description="One trial: analysis, report, metrics and the rendered page of one model and parameter set.",
)
round_job = define_asset_job(
    "measure_round",
    AssetSelection.assets(*MEASURED_ASSETS),
    description="One visit to a trial in a round of the sweep after which no report is written.",
)
publish_job = define_asset_job(
    "publish_reports",
    AssetSelection.assets("sweep_comparison", "report_index"),
    description="Compare all trials that have a report, and write the index page over them.",
)
