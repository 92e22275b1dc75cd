"""The CSV file of KoboldCpp's benchmark."""

from tests.unit.ingest.formats.reading_files import read_text

_HEADER = (
    "Timestamp,Backend,Layers,Model,MaxCtx,GenAmount,ProcessingTime,ProcessingSpeed,GenerationTime,GenerationSpeed,"
    "TotalTime,Output"
)


def test_times_and_rates(tmp_path):
    row = (
        "2024-05-01 10:00:00.5+00:00,koboldcpp_cublas.dll,33,alpha-7b.q4_k,4096,100,10.5,380.57,5.25,19.05,15.75,11111"
    )
    read = read_text(tmp_path, "bench.csv", f"{_HEADER}\n{row}\n")
    assert (read.file["format"], read.file["status"]) == ("KoboldCpp", "ok")
    assert read.figures("row 1") == {
        ("prompt_eval_ms", None): (10_500, None),
        ("eval_ms", None): (5_250, None),
        ("total_ms", None): (15_750, None),
        ("prefill_tok_s", None): (380.57, None),
        ("decode_tok_s", None): (19.05, None),
    }
    about = read.about("row 1")
    assert (about["model"], about["backend"], about["conditions"]) == (
        "alpha-7b.q4_k",
        "koboldcpp",
        {"output_tokens": 100},
    )
    assert read.unread == {"Output": 1}


def test_a_row_that_breaks_off_is_named(tmp_path):
    row = "2024-05-01 10:00:00.5+00:00,koboldcpp_cublas.dll,33,alpha-7b,4096,100,10.5,380.57,5.25,19.05,15.75"
    read = read_text(tmp_path, "bench.csv", f"{_HEADER},Flags\n{row}\n")
    assert read.records == []
    assert "row 1 has 11 cells, the header has 13" in read.file["reason"]
