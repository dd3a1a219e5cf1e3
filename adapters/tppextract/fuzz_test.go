package tppextract

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	canary   = "XQCANARY"
	ours     = "A81001"
	fuzzName = "20261115_0200"
)

var fuzzNow = time.Date(2026, time.November, 16, 8, 0, 0, 0, time.UTC)

// quiet fails when something that is printed holds what stood in a file.
func quiet(t *testing.T, values ...any) {
	t.Helper()
	if strings.Contains(fmt.Sprintf("%v %+v", values, values), canary) {
		t.Fatal("what stood in the file is printed")
	}
}

func FuzzManifest(f *testing.F) {
	const head = `"FileName","IsDelta","IsReference","DateExtractFrom","DateExtractTo"` + "\r\n"
	f.Add([]byte(head + `"SRPatient","Y","N","20261114_0200","20261115_0200"` + "\r\n" + `"SRAppointmentAttendees","Y","N","",""` + "\r\n"))
	f.Add([]byte(head + `"SRPatient","N","N","","20261115_0200"` + "\n" + `"SRCode","N","N","","20261115_0201"`))
	f.Add([]byte(head + `"` + canary + `","?","","",""`))
	f.Add([]byte(`"DateExtractTo","FileName","IsDelta","DateExtractFrom"` + "\n" + `"20261315_0200","SRPatient","N",""`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(t.Context(), bytes.NewReader(b))
		quiet(t, err)
		if err != nil {
			return
		}
		if _, err := moment(m.to); err != nil {
			t.Fatal("a manifest without a moment")
		}
		again, err := parseManifest(t.Context(), bytes.NewReader(written(m)))
		if err != nil || again.to != m.to || again.from != m.from || len(again.tables) != len(m.tables) {
			t.Fatalf("written again it reads otherwise: %v", err)
		}
	})
}

func written(m manifest) []byte {
	var b strings.Builder
	b.WriteString("FileName,IsDelta,DateExtractFrom,DateExtractTo\n")
	for name, l := range m.tables {
		delta := "N"
		if l.delta {
			delta = "Y"
		}
		// Names keep their bytes: each is one character of Windows-1252.
		var raw []byte
		for _, r := range name {
			raw = append(raw, []byte(string(r))...)
		}
		b.WriteString(`"` + strings.ReplaceAll(string(raw), `"`, `""`) + `",` + delta + `,"` + m.from + `","` + m.to + `"` + "\n")
	}
	return []byte(b.String())
}

var slowWall = regexp.MustCompile(`^([0-9]{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4})(?: ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?$`)

func FuzzWallTime(f *testing.F) {
	for _, s := range []string{
		"29 Mar 2027 14:15:00", "28 Mar 2027 01:30:00", "31 Oct 2027 01:30:00", "1 Jan 2026", "04 May 1960 00:00", "31 Feb 2026 10:00:00",
		"29 mar 2027 14:15:00", "29 Mar 2027 24:00:00", "29/03/2027 14:15", "29 Mar 2027 14:15:00.5", "31 Dec 9999 00:00:00", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, doubt, ok := wallTime(s)
		m := slowWall.FindStringSubmatch(s)
		if m == nil {
			return
		}
		n := make([]int, len(m))
		for i, v := range m {
			n[i], _ = strconv.Atoi(v)
		}
		month := time.Month(strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", m[2])/3 + 1)
		there := n[1] >= 1 && n[1] <= time.Date(n[3], month+1, 0, 0, 0, 0, 0, time.UTC).Day() && n[4] < 24 && n[5] < 60 && n[6] < 60
		if ok != there {
			t.Fatalf("read: %t, and it is a time: %t", ok, there)
		}
		want, wantDoubt := gateway.FromWall(n[3], month, n[1], n[4], n[5], n[6])
		if ok && (!got.Equal(want) || doubt != wantDoubt) {
			t.Fatalf("%v (doubt %d), want %v (doubt %d)", got, doubt, want, wantDoubt)
		}
	})
}

// packedExtract makes an extract of tables, each with the columns that are read.
func packedExtract(t *testing.T, bodies map[string][]byte) *bundle {
	t.Helper()
	files := map[string][]byte{}
	for _, l := range layouts {
		var b bytes.Buffer
		for i, c := range l.columns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.TrimSuffix(c, "?") + `"`)
		}
		b.WriteString("\r\n")
		b.Write(bodies[l.table])
		files[l.table+".csv"] = b.Bytes()
	}
	a, err := openArchive(one(stored(t, files)))
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{name: fuzzName, files: map[string]member{}}
	if err := b.list(a, map[string]bool{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// stored makes a zip that packs nothing, which takes no time.
func stored(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixed is what stands in the tables that are not fuzzed.
var fixed = map[string][]byte{
	tableTerms:         []byte("11,Booked\n15,Cancelled by Patient\n31,Home\n32,Mobile\n"),
	tablePatients:      []byte("1001,A81001,0,Efua,9990000018,,0,04 May 1960 00:00,TRUE\n1002,A81001,0,Huw,,,0,,\n"),
	tableContacts:      []byte("2001,A81001,0,1001,07700 900101,01 Feb 2025 10:00:00,01 Feb 2025 10:00:00,A81001,32\n"),
	tableConsents:      []byte("3001,A81001,0,1002,No,01 Feb 2025 10:00:00,,A81001\n"),
	tableRegistrations: []byte("4001,A81001,0,1001,,01 Apr 2015 00:00:00,,A81001,\n"),
	tableVisits:        []byte("5001,A81001,0,23 Nov 2026 09:00:00,11,,1001,A81001,0,,,\n5002,A81001,0,23 Nov 2026 09:10:00,11,,1002,A81001,0,,,\n"),
}

// takeOne takes one extract into an empty shelf and reads it.
func takeOne(t *testing.T, bodies map[string][]byte) (gateway.Feed, error) {
	t.Helper()
	shelf := gatewaytest.NewShelf()
	a, err := New(Config{Dir: "unused", RecordStatuses: map[string]string{"open": wordOpen}},
		gateway.Surroundings{Clock: gatewaytest.NewClock(fuzzNow), Trial: true, Practice: ours, Shelf: shelf})
	if err != nil {
		t.Fatal(err)
	}
	keep, err := extract.NewKeeper(t.Context(), shelf, headKey)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := decodeHead(nil, ours)
	if err != nil {
		t.Fatal(err)
	}
	said := manifest{tables: map[string]listing{}, to: fuzzName}
	for _, l := range layouts {
		said.tables[folded(l.table)] = listing{}
	}
	i := &intake{adapter: a, ctx: t.Context(), keep: keep, head: h, from: packedExtract(t, bodies), said: said, restart: true}
	if i.until, err = moment(fuzzName); err != nil {
		t.Fatal(err)
	}
	if err := i.run(); err != nil {
		return gateway.Feed{}, err
	}
	return a.feed(t.Context(), keep, i.head, gateway.Span{From: fuzzNow, To: fuzzNow.AddDate(1, 0, 0)}, i.notes)
}

func FuzzTables(f *testing.F) {
	for i, l := range layouts {
		f.Add(uint8(i), fixed[l.table])
	}
	visits := uint8(len(layouts) - 1)
	for _, body := range []string{
		`"5001","A81001","0","23 Nov 2026 09:00:00","11","","1001","A81001","1","Video","",""` + "\r\n" + `"5001","A81001","0","24 Nov 2026 09:00:00","11","","1001","A81001","","","",""`,
		`"5001","A81001","1","","","","","","","","",""` + "\n" + `"x","A81001","0","` + canary + `"`,
		`"5001","","","28 Mar 2027 01:30","11","31 Dec 9999 00:00:00","1001","a81001","TRUE","` + canary + `","` + canary + `","` + canary + `"`,
		`"5001","Z9","0","23 Nov 2026 09:00:00","11","","1001","A81001","","","",""` + "\n\n" + `"5002","A81001","2","23 Nov 2026 00:00:00","15","","-1","A81001","","","",""`,
		`"5001","A81001","0","23 Nov 2026 09:00:00","11","","1001","A81001","0",""broken"","",""` + "\n" + `"5002","A81001","0","23 Nov 2026 09:10:00","11","","1002","A81001","0","","",""` + "\n",
	} {
		f.Add(visits, []byte(body))
	}
	f.Add(uint8(3), []byte(`"2001","A81001","0","1001","07700 900101 `+canary+`","x","","A81001","32"`+"\n"+`"","","","","","","","",""`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		l := layouts[int(which)%len(layouts)]
		bodies := map[string][]byte{}
		for k, v := range fixed {
			bodies[k] = v
		}
		bodies[l.table] = body
		feed, err := takeOne(t, bodies)
		quiet(t, err, feed.Notes, feed.Unreadable)
		if err != nil {
			return
		}
		booked := map[gateway.AppointmentID]bool{}
		for _, a := range feed.Appointments {
			sound(t, a)
			if a.Status == gateway.StatusBooked && a.StartDoubt == gateway.NoDoubt {
				booked[a.ID] = true
			}
		}
		if want, ok := slowly(body); ok && l.table == tableVisits && fmt.Sprint(booked) != fmt.Sprint(want) {
			t.Fatalf("booked are %d visits, and read slowly they are %d", len(booked), len(want))
		}
	})
}

func sound(t *testing.T, a gateway.Appointment) {
	row, patient, ok := strings.Cut(string(a.ID), "-")
	if !ok || !rowNumber.MatchString(row) || patient != string(a.Patient.ID) || !rowNumber.MatchString(patient) {
		t.Fatal("an appointment without an id")
	}
	if a.Start.Before(fuzzNow) || a.Start.Location() != time.UTC {
		t.Fatal("an appointment outside the span")
	}
	if (a.Patient.MobileKind == gateway.NumberMobile) == a.Patient.Mobile.IsZero() {
		t.Fatal("the number does not fit its kind")
	}
}

// slowly reads the visits that are booked the plain way, where the standard
// library takes the text for CSV in which every row stands once.
func slowly(body []byte) (map[gateway.AppointmentID]bool, bool) {
	if bytes.ContainsAny(body, "\x00\xef\xfe\xff") || bytes.Contains(body, []byte("\r\r")) {
		return nil, false
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = -1
	out, seen := map[gateway.AppointmentID]bool{}, map[string]bool{}
	for {
		c, err := r.Read()
		if err == io.EOF {
			return out, true
		}
		if err != nil || len(c) != 12 || seen[strings.TrimSpace(c[0])] {
			return nil, false
		}
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		seen[c[0]] = true
		t, doubt, ok := wallTime(c[3])
		mine := c[1] == "" || strings.EqualFold(c[1], ours)
		live := c[2] == "" || yesOrNo(c[2]) == answerNo
		at := gateway.Span{From: fuzzNow, To: fuzzNow.AddDate(1, 0, 0)}
		if mine && live && ok && doubt == gateway.NoDoubt && !midnight(t) && at.Has(t) && c[4] == "11" && c[5] == "" &&
			rowNumber.MatchString(c[0]) && rowNumber.MatchString(c[6]) && strings.EqualFold(c[7], ours) {
			out[gateway.AppointmentID(c[0]+"-"+c[6])] = true
		}
	}
}
