from chimera_dagster.ingest.csv_reader import read_csv


def values(read):
    return [[(number.name, number.value) for number in record.numbers] for record in read.records]


def test_a_row_is_a_record_with_its_model_parameters_and_numbers():
    read = read_csv("model,num_ctx,temperature,run,ttft_s,tokens_s\ngemma3:270m,1024,0.2,7,0.5,60\n")
    (record,) = read.records
    assert record.where == "row 1"
    assert record.context.model == "gemma3:270m"
    assert record.context.params == (("num_ctx", 1024), ("temperature", 0.2))
    assert [(n.name, n.value) for n in record.numbers] == [("ttft_s", 0.5), ("tokens_s", 60.0)]  # run is an identifier
    assert read.problems == []


def test_every_delimiter_is_found():
    for delimiter in ",;\t|":
        text = delimiter.join(["ttft_ms", "tokens_s"]) + "\n" + delimiter.join(["1.5", "20"]) + "\n"
        assert values(read_csv(text)) == [[("ttft_ms", 1.5), ("tokens_s", 20.0)]]


def test_a_semicolon_file_has_decimal_commas_and_a_comma_file_has_grouping_ones():
    assert values(read_csv("a;tokens_s\nx;0,125\n")) == [[("tokens_s", 0.125)]]
    assert values(read_csv('a,response_chars\nx,"3,503"\n')) == [[("response_chars", 3503.0)]]
    assert read_csv('a,tokens_s\nx,"0,125"\n').problems == ["row 1, tokens_s: '0,125' is no number"]


def test_a_units_row_gives_units_and_is_no_data():
    read = read_csv('"ttft","kernel"\n"us",""\n"250","a"\n')
    (record,) = read.records
    assert record.where == "row 1"
    assert record.numbers[0][:3] == ("ttft", 250.0, "us")


def test_a_row_of_texts_is_no_units_row():
    read = read_csv("name,tokens_s\nx,\ns,5\n")
    assert [record.where for record in read.records] == ["row 1", "row 2"]


def test_options_in_a_cell_are_parameters():
    read = read_csv('ttft_s,options\n1,"{""temperature"":0.3,""top_p"":0.9,""top_k"":40.0}"\n')
    assert read.records[0].context.params == (("temperature", 0.3), ("top_k", 40), ("top_p", 0.9))


def test_an_error_marks_its_record_only():
    read = read_csv("ttft_s,error\n0,timed out\n0.5,\n0.6,None\n")
    assert [(r.context.failed, r.failed_by) for r in read.records] == [(True, "error"), (False, None), (False, None)]


def test_success_that_is_false_is_a_failure():
    read = read_csv("tokens_s,success\n1,FALSE\n2,TRUE\n")
    assert [record.context.failed for record in read.records] == [True, False]


def test_a_row_of_another_length_is_left_out_and_named():
    read = read_csv("model,ttft_s,tokens_s\na,1,2\nb,0.0\nc,3,4\n")
    assert [record.where for record in read.records] == ["row 1", "row 3"]
    assert read.problems == ["row 2 has 2 cells, the header has 3"]


def test_a_text_that_is_no_table_has_no_records_and_a_reason():
    read = read_csv("==ERROR== the argument for option '--page' is invalid. Use --help.\r\r\n")
    assert read.records == []
    assert read.problems[0].startswith("line 1: no table")


def test_a_file_without_a_header_is_refused():
    assert read_csv("1,2\n3,4\n") == ([], ["line 1: a header is expected, and there are only numbers"])


def test_infinite_and_missing_values_are_no_numbers():
    read = read_csv("ttft_s,tokens_s\ninf,1e999\nNaN,-\n")
    assert [record.numbers for record in read.records] == [[], []]
    assert read.problems == ["row 1, ttft_s: 'inf' is no number", "row 1, tokens_s: '1e999' is no number"]
