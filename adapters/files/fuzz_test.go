package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func fuzzed(t testing.TB) *Adapter {
	t.Helper()
	a, err := New(Config{
		Dir: "unused", DateFormat: "DD/MM/YYYY",
		Columns: Columns{Mobile: "m", Date: "d", Time: "t", Status: "s", Deceased: "x"},
	}, gateway.Surroundings{
		Clock: gateway.ClockFunc(func() time.Time { return time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC) }), Trial: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// FuzzFile reads anything at all as a file: it must come to an end, and what it
// gives must hold together.
func FuzzFile(f *testing.F) {
	a := fuzzed(f)
	for _, rows := range []string{
		"07700 900001,23/11/2026,09:10,booked,\r\n", "'7700900001,3/4/2026,9:10am,cancelled,yes\n", "\"a\nb\",\"c\"\"d\",,,\n",
		"\"open,23/11/2026,09:10,booked,\nnext,,,,\n", "5\" x,1,2,3,4\r\n", "4.47701E+11,23/11/2026,2:30,,\r\n", "a;b;c;d;e\r\r\n\x00",
		"07700 900001,28/03/2027,01:30,booked,1/1/2026", "07700 900001,23/11/2026,09:10,booked,\xff\xfe", ",,,,\n,,,,,\n",
	} {
		f.Add([]byte("m,d,t,s,x\n" + rows))
		f.Add([]byte("m;d;t;s;x\r\n" + strings.ReplaceAll(rows, ",", ";")))
		f.Add([]byte("\xff\xfem\x00,\x00d\x00"))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := surveyOf(t.Context(), bytes.NewReader(content))
		if err != nil {
			return
		}
		table, err := a.visits.parse(t.Context(), s, bytes.NewReader(content))
		if err != nil {
			return
		}
		rows := len(table.visits) + len(table.unreadable)
		if rows != table.rows {
			t.Errorf("%d rows counted, %d accounted for", table.rows, rows)
		}
		seen := map[gateway.AppointmentID]bool{}
		for _, v := range table.settle() {
			if v.ID == "" || seen[v.ID] {
				t.Error("an id is empty or stands twice")
			}
			seen[v.ID] = true
			if (v.Patient.MobileKind == gateway.NumberMobile) == v.Patient.Mobile.IsZero() {
				t.Error("number and kind of number disagree")
			}
			if v.Start.IsZero() || v.Start.Location() != time.UTC {
				t.Error("a start is missing or not in UTC")
			}
		}
		for _, u := range table.unreadable {
			if u.Where == "" || u.Why == "" {
				t.Error("an unreadable row without where or why")
			}
		}
	})
}

// FuzzWrittenTablesComeBack writes cells as CSV with the standard library and
// cuts the text into rows again.
func FuzzWrittenTablesComeBack(f *testing.F) {
	f.Add("plain|cells\nin|two rows", byte(0))
	f.Add("with \"quotes\"|and, commas; and\ttabs\nsecond|x", byte(1))
	f.Add("line¶break|\"¶\"\nx|", byte(2))
	f.Fuzz(func(t *testing.T, cells string, which byte) {
		delimiter := delimiters[int(which)%len(delimiters)]
		if strings.ContainsAny(cells, "\r") || strings.Count(cells, "¶") > 20 || len(cells) > 1000 {
			return
		}
		var want [][]string
		for row := range strings.SplitSeq(cells, "\n") {
			row := strings.Split(strings.ReplaceAll(row, "¶", "\n"), "|")
			if strings.TrimSpace(strings.Join(row, "")) != "" {
				want = append(want, row)
			}
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = delimiter, which > 127
		if err := w.WriteAll(want); err != nil {
			t.Fatal(err)
		}
		recs := newRecords(&b)
		for i, row := range want {
			rec, err := recs.next()
			if err != nil || rec.problem != "" {
				t.Fatalf("row %d: %v %s", i, err, rec.problem)
			}
			got, ok := rec.cells(delimiter)
			if !ok || !slices.Equal(got, row) {
				t.Fatalf("row %d is cut wrongly", i)
			}
		}
		if _, err := recs.next(); !errors.Is(err, io.EOF) {
			t.Error("there is more than was written")
		}
	})
}

// FuzzStart reads anything as a date and time. What is understood must say the
// same when it is written out again in full.
func FuzzStart(f *testing.F) {
	for _, s := range []string{
		"23/11/2026 09:10", "3/4/2026 2.30pm", "25/10/2026 01:30", "28/03/2027 01:30", "31/02/2026 10:00", "11/23/2026 10:00", "1/1/0000 00:00:00",
		"23/11/2026T14:30:59", "23/11/2026, 12pm", "23/11/2026 0.38", "23/11/2026 12:00am", "99/99/9999 99:99",
	} {
		f.Add(s)
	}
	dates := newDateReader("DD/MM/YYYY", "")
	f.Fuzz(func(t *testing.T, s string) {
		start, doubt, problem, err := dates.dateTime(s)
		if problem != "" || err != nil {
			return
		}
		if start.IsZero() {
			t.Fatal("understood, and no start")
		}
		if doubt != gateway.NoDoubt {
			return
		}
		full := start.In(gateway.London()).Format("02/01/2006 15:04:05")
		again, _, problem, err := dates.dateTime(full)
		if problem != "" || err != nil || !again.Equal(start) {
			t.Errorf("%q is understood, and written out as %q is not the same", s, full)
		}
	})
}
