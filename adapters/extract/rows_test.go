package extract_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"bellman/adapters/extract"
)

// table reads everything: the cells of whole rows, and of the others where and why.
func table(t testing.TB, r io.Reader, e extract.Encoding, columns ...string) (rows [][]string, bad []string, err error) {
	t.Helper()
	in := extract.NewRows(t.Context(), r, e)
	at, err := in.Header(columns...)
	if err != nil {
		return nil, nil, err
	}
	for in.Next() {
		if in.Problem() != "" {
			bad = append(bad, in.Where()+" "+in.Problem())
			continue
		}
		var row []string
		for _, c := range at {
			row = append(row, in.Text(c))
		}
		rows = append(rows, row)
	}
	return rows, bad, in.Err()
}

func same(t *testing.T, rows [][]string, want ...string) {
	t.Helper()
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join(r, "|"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestColumnsAreFoundByNameInAnyOrder(t *testing.T) {
	text := "\xef\xbb\xbf\"Unknown\",\"second\",\"First\"\r\n\"x\",\"2\",\"1\"\r\ny,4,3\r\n"
	rows, bad, err := table(t, strings.NewReader(text), extract.Guess, "First", "Second", "Third?")
	if err != nil || len(bad) != 0 {
		t.Fatal(err, bad)
	}
	same(t, rows, "1|2|", "3|4|")
}

func TestAMissingColumnIsNamedAndNothingOfTheFileIs(t *testing.T) {
	_, _, err := table(t, strings.NewReader("\"Canary\",\"a\"\n"), extract.Guess, "a", "SlotGuid", "PatientGuid")
	if err == nil || err.Error() != "it has 2 columns, and none of them is SlotGuid, PatientGuid" {
		t.Error(err)
	}
	if _, _, err = table(t, strings.NewReader("a,b,A\n"), extract.Guess, "a"); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}

func TestOtherKindsOfFileAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "empty",
		"\xff\xfea\x00,\x00":            "UTF-16",
		"PK\x03\x04zip":                 "ZIP",
		" <!DOCTYPE html>":              "web page",
		"-----BEGIN PGP MESSAGE-----\n": "encrypted",
		"a,b\x00\n":                     "no text",
		"\"a":                           "headings",
	} {
		if _, _, err := table(t, strings.NewReader(text), extract.Guess, "a"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestQuotedCellsHoldCommasMarksAndLineEnds(t *testing.T) {
	text := "\"a\",\"b\"\n\"one, \"\"two\"\"\",\"three\r\nfour\"\n\n\"\",\" x \"\n\"\"\"\",\"y\"\n"
	rows, bad, err := table(t, strings.NewReader(text), extract.Guess, "a", "b")
	if err != nil || len(bad) != 0 {
		t.Fatal(err, bad)
	}
	same(t, rows, "one, \"two\"|three\r\nfour", "|x", "\"|y")
}

func TestABrokenRowStopsNoneOfItsNeighbours(t *testing.T) {
	head := "\"a\",\"b\"\n\"1\",\"2\"\n"
	for what, broken := range map[string]string{
		"a mark that does not close":   "\"bad\",\"open\n",
		"a mark within a cell":         "\"bad\",\"he said \"no\" to\"\n",
		"a mark in a plain cell":       "bad,wor\"d\n",
		"too few cells":                "\"bad\"\n",
		"too many cells":               "\"bad\",\"x\",\"y\"\n",
		"a comment on several lines":   "\"bad\",\"he said \"no\"\nand went\n\nhome\"\n",
		"a row of a megabyte and more": "\"bad\",\"" + strings.Repeat("x", 3<<20) + "\n",
	} {
		text := head + broken + "\"3\",\"4\"\n\"5\",\"6\"\n"
		rows, bad, err := table(t, strings.NewReader(text), extract.Guess, "a", "b")
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if len(bad) != 1 || !strings.HasPrefix(bad[0], "line 3 ") {
			t.Errorf("%s: unreadable %q", what, bad)
		}
		if got := fmt.Sprint(rows); got != "[[1 2] [3 4] [5 6]]" {
			t.Errorf("%s: read %s", what, got)
		}
	}
}

func TestTheCellsBeforeABreakCanBeAskedFor(t *testing.T) {
	in := extract.NewRows(t.Context(), strings.NewReader("\"id\",\"who\",\"text\"\n\"77\",\"9\",\"a \"b\" c\"\n"), extract.Guess)
	at, err := in.Header("id", "who", "text")
	if err != nil || !in.Next() || in.Problem() == "" {
		t.Fatal("the row counts as whole")
	}
	if in.Text(at[0]) != "77" || in.Text(at[1]) != "9" || in.Has(at[2]) {
		t.Error("the cells before the break are not there, or one behind it is")
	}
}

func TestLinesAreCountedOverLineEndsWithinCells(t *testing.T) {
	in := extract.NewRows(t.Context(), strings.NewReader("\"a\"\n\"x\ny\nz\"\n\n\"w\"\n"), extract.Guess)
	if _, err := in.Header("a"); err != nil {
		t.Fatal(err)
	}
	var lines []int64
	for in.Next() {
		lines = append(lines, in.Line())
	}
	if !slices.Equal(lines, []int64{2, 6}) {
		t.Error(lines)
	}
}

func TestTextIsReadInItsEncoding(t *testing.T) {
	for _, c := range []struct {
		bytes string
		e     extract.Encoding
		want  string
	}{
		{"Si\xc3\xa2n", extract.Guess, "Siân"},
		{"Si\xe2n \x80", extract.Guess, "Siân €"},
		{"Si\xe2n", extract.Windows1252, "Siân"},
		{"\xc3\xa2", extract.Windows1252, "Ã¢"},
	} {
		rows, _, err := table(t, strings.NewReader("a\n"+c.bytes+"\n"), c.e, "a")
		if err != nil {
			t.Fatal(err)
		}
		same(t, rows, c.want)
	}
}

func TestAFileWithoutALastLineEndIsCut(t *testing.T) {
	for text, want := range map[string]bool{"a\n1\n": false, "a\n1": true, "a\r\n1\r\n": false, "a\n\"1\"": true, "a\n\"1": true, "a": true} {
		in := extract.NewRows(t.Context(), strings.NewReader(text), extract.Guess)
		if _, err := in.Header("a"); err != nil {
			t.Fatal(err)
		}
		for in.Next() {
		}
		if in.Err() != nil || in.Cut() != want {
			t.Errorf("%q: cut %t, %v", text, in.Cut(), in.Err())
		}
	}
}

func TestReadingEndsWithItsContextAndWithAFailingFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := extract.NewRows(ctx, strings.NewReader("a\n"+strings.Repeat("1\n", 1<<20)), extract.Guess)
	if _, err := in.Header("a"); err != nil {
		t.Fatal(err)
	}
	cancel()
	for in.Next() {
	}
	if !errors.Is(in.Err(), context.Canceled) {
		t.Error(in.Err())
	}
	broken := io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(errors.New("/secret/path: device on fire")))
	if _, _, err := table(t, broken, extract.Guess, "a"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestRowsCostNoAllocation(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("\"a\",\"b\",\"c\"\n")
	for range 200_000 {
		b.WriteString("\"5e9c8d6a-0000-4000-8000-1234567890ab\",\"\",\"some words of a comment\"\n")
	}
	in := extract.NewRows(t.Context(), &b, extract.Guess)
	at, err := in.Header("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	if n := testing.AllocsPerRun(100, func() {
		for range 1000 {
			if in.Next() && len(in.Bytes(at[0])) == 36 && !in.Is(at[1], "x") {
				rows++
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations for a thousand rows", n)
	}
	if rows < 100_000 {
		t.Errorf("%d rows", rows)
	}
}

func FuzzRows(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "\"a\",\"b\"\r\n\"x\"\"y\",\"z\nw\"\r\n", "a\n\"open\nb\n", "\"a\"\n\"x\"y\"\n\"z\"\n", "a,b\n1\n1,2,3\n", "a\r\n\r\n\rx\n", "a\n\"1\"\r", "\xef\xbb\xbfa\n\xff\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows, bad, err := table(t, strings.NewReader(s), extract.Guess, "a?", "b?")
		one, badOne, errOne := table(t, iotest.OneByteReader(strings.NewReader(s)), extract.Guess, "a?", "b?")
		if fmt.Sprint(rows, bad, err) != fmt.Sprint(one, badOne, errOne) {
			t.Fatal("read byte by byte it is another table")
		}
		compareWithLibrary(t, s)
	})
}

// compareWithLibrary reads what the standard library takes for CSV without any
// complaint, and compares all cells.
func compareWithLibrary(t *testing.T, s string) {
	if strings.ContainsRune(s, 0) || strings.HasPrefix(s, "\xef\xbb\xbf") || strings.ContainsRune(strings.ReplaceAll(s, "\r\n", ""), '\r') {
		return
	}
	theirs := csv.NewReader(strings.NewReader(s))
	want, err := theirs.ReadAll()
	if err != nil || len(want) == 0 {
		return
	}
	in := extract.NewRows(t.Context(), strings.NewReader(s), extract.Guess)
	if _, err := in.Header(); err != nil {
		return // another kind of file
	}
	for n := 1; in.Next(); n++ {
		if n >= len(want) || in.Problem() != "" {
			t.Fatalf("row %d: %s", n, in.Problem())
		}
		for i, cell := range want[n] {
			if got := strings.ReplaceAll(string(in.Bytes(i)), "\r\n", "\n"); got != string(bytes.TrimSpace([]byte(cell))) {
				t.Fatalf("row %d, cell %d differs", n, i)
			}
		}
	}
}
