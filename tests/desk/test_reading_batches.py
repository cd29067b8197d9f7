"""A table of refunds is read as a whole: every cell as it stands, and every mistake with its line."""

import pytest

from refundkit import InvalidValueError
from refundkit.desk.batch import read_batch

HEAD = "order,key,amount,lines,reason\n"
MOST_ROWS, MOST_CHARACTERS = 100_000, 20_000


def problems(*lines):
    """Say why a table is no batch."""
    with pytest.raises(InvalidValueError) as refusal:
        read_batch(lines)
    error = refusal.value
    assert error.field == "batch"
    assert str(error).splitlines()[1:] == list(error.problems)
    return error.problems


def test_a_table_is_read_cell_by_cell():
    """A header in any case, a byte order mark, blanks around cells, and lines without anything in them."""
    rows = read_batch(["\ufeff Order ,KEY,reason,Amount\n", " A-1 , k 1,x, 5\n", " , ,,\n", "A-2,k,y,all\n"])

    assert [(row.number, row.order_id, row.key) for row in rows] == [(2, "A-1", "k 1"), (4, "A-2", "k")]
    assert dict(rows[0].cells) == {"order": "A-1", "key": "k 1", "reason": "x", "amount": "5"}
    assert (rows[0]["amount"], rows[0]["note"]) == ("5", "")


def test_a_table_may_have_nine_columns():
    """Those that the page about the command line promises."""
    names = "order,key,amount,lines,reason,reason_type,note,message,approved_by"
    (row,) = read_batch([names + "\n", "A-1,k,5,,x,other,n,m,lee\n"])

    assert ",".join(row.cells) == names
    assert (row["reason_type"], row["note"], row["message"], row["approved_by"]) == ("other", "n", "m", "lee")


def test_only_the_file_begins_with_a_mark():
    """The same character further down is part of an id."""
    (row,) = read_batch([HEAD, "\ufeffA-1,k,1,,x\n"])

    assert row.order_id == "\ufeffA-1"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), ["'order'", "'key'", "'reason'", "'amount'"]),
        (("order,key,amount\n",), ["'reason'"]),
        (("order,key,reason\n",), ["'amount', and none 'lines'"]),
        (
            (HEAD[:-1] + ",colour,size\n",),
            ["'colour' is no column; there are order, key, amount, ", "'size'"],
        ),
        (("order,key,key,lines,reason,lines\n",), ["'key' comes twice", "'lines' comes twice"]),
    ],
)
def test_a_header_tells_all_its_mistakes(lines, told):
    """What is missing, unknown or twice, each as a mistake of line 1."""
    found = problems(*lines)

    assert [problem.startswith("line 1: ") for problem in found] == [True] * len(told)
    assert [part in problem for part, problem in zip(told, found, strict=True)] == [True] * len(told)


@pytest.mark.parametrize("column", ["amount", "lines"])
def test_one_way_to_say_how_much_is_enough(column):
    """A table needs amounts or lines, not both."""
    assert len(read_batch([f"order,key,reason,{column}\n", "A-1,k,x,1\n"])) == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",k,1,,x", ["the order is missing"]),
        ("A-1,,1,,x", ["the key is missing"]),
        ("A-1,k,1,,", ["the reason is missing"]),
        ("A-1,k,,,x", ["say how much"]),
        ("A-1,k,1,tin=1,x", ["say how much"]),
        ("A-1,,,,", ["the key", "the reason", "say how much"]),
        ("A-1,k,1,x", ["4 cells under 5 columns"]),
        ('A-1,k,1,,"x', ["unexpected end"]),
    ],
)
def test_a_row_tells_all_its_mistakes(row, told):
    """Law C2: what is missing is a mistake and never a default; each is told with its line."""
    found = problems(HEAD, "A-1,r-1,1,,x\n", row + "\n")

    assert [problem.startswith("line 3: ") for problem in found] == [True] * len(told)
    assert [part in problem for part, problem in zip(told, found, strict=True)] == [True] * len(told)


def test_a_key_stands_once_for_each_order():
    """Law E3: the second row of a key names the first; another order may use the same key."""
    rows = ("A-1,k,1,,x\n", "A-2,k,1,,x\n", "A-1,k,2,,x\n")

    (problem,) = problems(HEAD, *rows)

    assert problem.startswith("line 4: order A-1 with key k ")
    assert "line 2" in problem
    assert len(read_batch([HEAD, *rows[:2]])) == 2


def test_a_table_without_rows_is_a_mistake():
    """An export that found nothing is not carried out in silence."""
    (problem,) = problems(HEAD)

    assert problem.startswith("line 1: ")


def test_a_batch_has_a_size():
    """A hundred thousand lines and lines of twenty thousand characters are read; one more is another file."""
    first = "A-1,k,1,,x\n"
    blank = ["\n"] * (MOST_ROWS - 1)
    long = "A-1,k,1,,".ljust(MOST_CHARACTERS - 1, "x") + "\n"

    assert len(read_batch([HEAD, first, *blank])) == 1
    assert problems(HEAD, first, *blank, "\n")[0].startswith(f"line {MOST_ROWS + 2}: ")
    assert len(read_batch([HEAD, long])) == 1
    assert problems(HEAD, "x" + long)[0].startswith("line 2: ")
