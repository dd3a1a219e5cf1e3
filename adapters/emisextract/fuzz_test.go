package emisextract

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	ours    = "0b5c9000-0000-4000-8000-00000000a001"
	canary  = "XQCANARY"
	someone = "a0000000-0000-4000-8000-000000000001"
)

var morning = time.Date(2026, time.November, 16, 6, 0, 0, 0, time.UTC)

// desk is an intake without files: tables are handed to it as text.
func desk(t testing.TB) (*Adapter, *intake) {
	t.Helper()
	shelf := gatewaytest.NewShelf()
	a, err := New(Config{Dir: "x", Bulk: "1", Organisation: ours}, gateway.Surroundings{
		Clock: gatewaytest.NewClock(morning), Trial: true, Practice: gatewaytest.Riverside, Shelf: shelf,
	})
	if err != nil {
		t.Fatal(err)
	}
	k, err := extract.NewKeeper(t.Context(), shelf, headKey)
	if err != nil {
		t.Fatal(err)
	}
	b := batch{batchID: batchID{"1", "20261116050000"}}
	p := &progress{Bulk: b.batchID, Done: b.batchID, Doing: &doing{Batch: b.batchID, Facts: facts{Organisation: ours, Codes: map[string]bool{"501": true, "502": false}}}}
	if err := save(t.Context(), k, p); err != nil {
		t.Fatal(err)
	}
	in, err := a.newIntake(t.Context(), k, p, b)
	if err != nil {
		t.Fatal(err)
	}
	return a, in
}

// hand reads a table from text, as keepFile does from a file.
func (t *intake) hand(ctx context.Context, name table, text []byte) error {
	t.table = name
	rows := extract.NewRows(ctx, bytes.NewReader(text), extract.Guess)
	at, err := rows.Header(specs[name].columns...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := specs[name].row(t, ctx, rows, at); err != nil {
			return err
		}
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	return t.k.Flush(ctx)
}

// shows gives the feed of what is kept.
func (t *intake) shows(tb testing.TB) gateway.Feed {
	tb.Helper()
	p := &progress{Bulk: t.b.batchID, Done: t.b.batchID, Facts: t.facts}
	f, err := t.a.feed(tb.Context(), t.k, p, gateway.Span{From: morning, To: morning.AddDate(1, 0, 0)}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// FuzzTable reads any bytes as any of the tables: nothing panics, nothing that stood
// there is printed, reading twice gives the same feed, and whatever is booked has an
// id with its patient.
func FuzzTable(f *testing.F) {
	for i, name := range tables {
		head := strings.ReplaceAll(`"`+strings.Join(specs[name].columns, `","`)+"\"\n", "?", "")
		f.Add(byte(i), []byte(head))
		for _, cells := range []string{someone, ours, "2026-11-23", "09:10:00", canary, "true", "501", ""} {
			f.Add(byte(i), []byte(head+strings.Repeat(`"`+cells+`",`, len(specs[name].columns)-1)+`"`+cells+"\"\n"))
		}
	}
	slots := strings.Join(columnsSlots, ",") + "\n"
	f.Add(byte(7), []byte(slots+someone+","+ours+",2026-11-23,09:10:00,"+someone+",,,false,"+someone+",false\n"))
	f.Add(byte(7), []byte(slots+someone+","+ours+",2027-03-28,01:30:00,"+someone+",,,false,"+someone+",false\n"+someone+","+ours+","+canary+"\n"))
	f.Fuzz(func(t *testing.T, which byte, text []byte) {
		name := tables[int(which)%len(tables)]
		_, in := desk(t)
		err := in.hand(t.Context(), name, text)
		first := in.shows(t)
		quiet(t, err, first)
		if err != nil {
			return
		}
		if err := in.hand(t.Context(), name, text); err != nil {
			t.Fatalf("read once more: %v", err)
		}
		if again := in.shows(t); fmt.Sprint(again.Appointments) != fmt.Sprint(first.Appointments) {
			t.Error("read once more it is another diary")
		}
		for _, a := range first.Appointments {
			if !strings.HasSuffix(string(a.ID), "-"+string(a.Patient.ID)) || a.Patient.ID == "" {
				t.Error("an id without its patient")
			}
		}
	})
}

// quiet fails when an error or a feed prints what stood in a file.
func quiet(t *testing.T, err error, f gateway.Feed) {
	t.Helper()
	for _, s := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", f)} {
		if strings.Contains(strings.ToUpper(s), canary) {
			t.Error("prints what stood in the file")
		}
	}
}

// FuzzHistory plays any history of two slots and three patients, cut into files
// anywhere, and compares with a slow and obvious reading: who is booked is whom the
// last row names, and who was booked before and is not any more is called off.
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Add([]byte{1, 0, 1, 4, 1, 255, 2, 1, 33, 65, 97})
	f.Fuzz(func(t *testing.T, plan []byte) {
		if len(plan) > 200 {
			return
		}
		_, in := desk(t)
		head := strings.Join(columnsSlots, ",") + "\n"
		people, session := "", someone
		for i := range 3 {
			people += fmt.Sprintf("%s,%s,Ann,,,,,,,,,false\n", person0(i), ours)
		}
		hand := func(name table, text string) {
			t.Helper()
			if err := in.hand(t.Context(), name, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		hand(tablePatients, strings.Join(columnsPatients, ",")+"\n"+people)
		hand(tableSessions, strings.Join(columnsSessions, ",")+"\n"+session+","+ours+",,,,,2026-11-23,2026-11-23,false\n")
		hand(tableUsers, strings.Join(columnsUsers, ",")+"\n"+session+","+someone+",false\n")
		var model [2]struct {
			who int // 0: nobody
			at  string
			off []string // patient and time, in order
		}
		text := head
		for _, step := range plan {
			if step >= 250 {
				hand(tableSlots, text)
				text = head
				continue
			}
			n, who, at := int(step)%2, int(step)/2%4, []string{"09:10:00", "10:20:00"}[int(step)/8%2]
			deleted := step/16%4 == 3
			guid := ""
			if who > 0 {
				guid = person0(who - 1)
			}
			text += fmt.Sprintf("%s,%s,2026-11-23,%s,%s,,,false,%s,%t\n", slot0(n), ours, at, guid, session, deleted)
			m := &model[n]
			was := m.who
			if m.who = who; deleted {
				m.who = 0
			}
			if was != 0 && was != m.who {
				m.off = append(m.off, fmt.Sprint(was, m.at))
			}
			for i := 0; i < len(m.off); i++ {
				if m.who != 0 && strings.HasPrefix(m.off[i], fmt.Sprint(m.who)) {
					m.off = append(m.off[:i], m.off[i+1:]...)
					i--
				}
			}
			if !deleted {
				m.at = at
			}
		}
		hand(tableSlots, text)
		want := map[string]string{}
		for n, m := range model {
			for _, off := range m.off {
				want[slot0(n)+off[:1]] = "off" // the latest of several at one time
			}
			if m.who != 0 {
				want[slot0(n)+fmt.Sprint(m.who)] = "booked " + m.at
			}
		}
		got := map[string]string{}
		for _, a := range in.shows(t).Appointments {
			id := string(a.ID[:36]) + string(a.Patient.ID[35])
			switch a.Status {
			case gateway.StatusBooked:
				got[id] = "booked " + a.Start.In(gateway.London()).Format(time.TimeOnly)
			case gateway.StatusCancelled:
				if got[id] == "" {
					got[id] = "off"
				}
			default:
				t.Fatalf("a status %d", a.Status)
			}
		}
		for id, w := range want {
			if g := got[id]; g != w && !(w == "off" && g == "") {
				t.Errorf("%s is %q, want %q", id, g, w)
			}
		}
		for id, g := range got {
			if want[id] != g {
				t.Errorf("%s is %q, want %q", id, g, want[id])
			}
		}
	})
}

func person0(i int) string { return fmt.Sprintf("a0000000-0000-4000-8000-00000000000%d", i+1) }
func slot0(i int) string   { return fmt.Sprintf("a0000001-0000-4000-8000-00000000000%d", i+1) }

// FuzzNames compares what is read of a file's name with a slow reading of its parts.
func FuzzNames(f *testing.F) {
	for _, s := range []string{
		"291_Agreements_SharingOrganisation_20150211164536_45E7CD20-EE37-41AB-90D6-DC9D4B03D102.csv.gpg",
		"291-293_Admin_Patient_20150211164536_45e7cd20-ee37-41ab-90d6-dc9d4b03d102.csv", "x_Admin_Patient_20150231164536_45.csv", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n, ok := parseName(extract.File{Name: name})
		if !ok {
			return
		}
		parts := strings.Split(name, "_")
		if len(parts) != 5 || n.batch.IDs != parts[0] || string(n.table) != parts[1]+"_"+parts[2] || n.batch.Stamp != parts[3] {
			t.Fatalf("%q is read as %+v", name, n)
		}
		first, last := n.batch.span()
		if strings.Contains(parts[0], "-") != (fmt.Sprint(first) != parts[0] && !strings.HasPrefix(parts[0], "0")) && !strings.HasPrefix(parts[0], "0") && first != last {
			t.Errorf("%q covers %d to %d", parts[0], first, last)
		}
		if n.batch.at().IsZero() || n.batch.String() == "" || n.encrypted != strings.HasSuffix(name, ".gpg") {
			t.Errorf("%q has no moment", name)
		}
	})
}

// FuzzGUIDs: what is read as a GUID is written back the same, in lower case.
func FuzzGUIDs(f *testing.F) {
	for _, s := range []string{someone, strings.ToUpper(ours), "{" + ours + "}", "", "a0000000-0000-4000-8000-00000000000g",
		"00000000-0000-0000-0000-0000-0000000", // a panic once
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, ok := parseGUID([]byte(s))
		bare := strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
		if len(s) == 38 && ok != guidPattern.MatchString(bare) || len(s) == 36 && ok != guidPattern.MatchString(s) {
			t.Errorf("%q: %t", s, ok)
		}
		if ok && g.String() != strings.ToLower(bare) {
			t.Errorf("%q is written as %s", s, g)
		}
	})
}
