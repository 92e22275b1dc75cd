"""The table of statistics that Locust writes."""

from tests.unit.ingest.formats.reading_files import read_text

_HEADER = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,90%,99%,100%"
)


def test_an_endpoint_has_its_times(tmp_path):
    read = read_text(
        tmp_path, "load_stats.csv", f"{_HEADER}\nPOST,/chat,40,2,900,950.5,300,2100,512,4.5,0.2,900,1500,2000,2100\n"
    )
    assert (read.file["format"], read.file["status"]) == ("Locust", "ok")
    assert read.figures("row 1") == {
        ("latency_ms", "median"): (900, 40),
        ("latency_ms", "mean"): (950.5, 40),
        ("latency_ms", "min"): (300, 40),
        ("latency_ms", "max"): (2100, 40),
        ("latency_ms", "p90"): (1500, 40),
        ("latency_ms", "p99"): (2000, 40),
        ("requests_per_s", None): (4.5, None),
        ("failed_requests", None): (2, None),
    }
    assert read.conditions("row 1") == {"task": "POST /chat"}
    assert read.unread == {"Average Content Size": 1, "Failures/s": 1, "50%": 1, "100%": 1}
