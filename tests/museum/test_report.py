from transferlab.museum.report import CERTAIN, SUSPECTED, Finding, Report, Unexamined

FOUND = Finding("frozen_head", "The head stood still.", {"tensors": 2}, CERTAIN, "Thaw it.")


def test_a_report_reads_as_what_was_seen_and_what_to_type():
    report = Report((FOUND,), ("rate_too_high",), (Unexamined("sorted_batches", "give loader="),))
    assert report.causes == ("frozen_head",)
    assert str(report) == (
        "frozen_head (certain)\n"
        "  seen    The head stood still.\n"
        "  remedy  Thaw it.\n"
        "Looked for in vain: rate_too_high.\n"
        "Not examined:\n"
        "  sorted_batches: give loader="
    )


def test_a_clean_bill_says_what_it_rests_on():
    assert str(Report((), ("rate_too_high", "frozen_head"), ())) == (
        "Nothing found. Looked for in vain: rate_too_high, frozen_head."
    )
    assert str(Report((), (), ())) == "Nothing found."
    assert CERTAIN != SUSPECTED
