package message_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
)

const head = "MSH|^~\\&|PAS|RSIM1|B|T|20261116100100||SIU^S12|1|P|2.4\r"

func parse(t *testing.T, raw string) *message.Message {
	t.Helper()
	m, err := message.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func at(t *testing.T, m *message.Message, path string) string {
	t.Helper()
	p, err := message.ParsePath(path)
	if err != nil {
		t.Fatal(err)
	}
	return m.At(p).Text()
}

func TestValuesAreFoundWhereTheStandardPutsThem(t *testing.T) {
	t.Parallel()
	m := parse(t, head+"SCH|P1^X|88001^PAS&2.16&ISO|3|||^Changed^\rPID|||1001^^^RJ1^PI~9990000018^^^NHS^NH|\rAIL|1\rAIL|2|A|X\r")
	for path, want := range map[string]string{
		"MSH-1": "|", "MSH-2": "^~\\&", "MSH-3": "PAS", "MSH-9.1": "SIU", "MSH-9.2": "S12", "MSH-10": "1", "MSH-12": "2.4", "MSH-18": "",
		"SCH-1.1": "P1", "SCH-2": "88001^PAS&2.16&ISO", "SCH-2.1": "88001", "SCH-2.2.1": "PAS", "SCH-2.2.3": "ISO", "SCH-2.1.1": "88001", "SCH-2.1.2": "",
		"SCH-3.1": "3", "SCH-6.2": "Changed", "SCH-6.3": "", "SCH-6.9": "", "SCH-99": "", "ZZZ-1": "",
		"PID-3": "1001^^^RJ1^PI", "PID-3.5": "PI", "PID-4": "", "AIL-1": "1", "AIL-3": "",
	} {
		if path == "MSH-2" {
			if got := string(m.Header().Field(2).Raw()); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
			continue
		}
		if got := at(t, m, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	s, _ := m.Segment("PID")
	var ids []string
	for r := range s.Field(3).Repetitions() {
		ids = append(ids, r.Part(1).Text())
	}
	if !slices.Equal(ids, []string{"1001", "9990000018"}) {
		t.Errorf("the repetitions are %q", ids)
	}
	n := 0
	for range m.Segments("AIL") {
		n++
	}
	if n != 2 {
		t.Errorf("%d segments AIL", n)
	}
}

func TestLinesEndInAnyOfThreeWays(t *testing.T) {
	t.Parallel()
	lines := []string{strings.TrimRight(head, "\r"), "SCH|1|2", "PID|||3"}
	for _, end := range []string{"\r", "\n", "\r\n"} {
		for _, last := range []string{end, "", end + end} {
			m := parse(t, strings.Join(lines, end)+last)
			if at(t, m, "SCH-2") != "2" || at(t, m, "PID-3") != "3" {
				t.Errorf("lines that end in %q, the last in %q", end, last)
			}
		}
	}
	m := parse(t, head+"NTE|1||two\nlines\rSCH|1|2\r")
	if at(t, m, "NTE-3") != "two\nlines" || at(t, m, "SCH-2") != "2" {
		t.Error("a line feed within a message of carriage returns ends a line")
	}
	if m := parse(t, head+"not a segment\rSCH|1|2\r\x00\rsch|9|9\r"); at(t, m, "SCH-2") != "2" {
		t.Error("a line that is no segment stops those behind it")
	}
}

func TestDelimitersAreTheMessagesOwn(t *testing.T) {
	t.Parallel()
	m := parse(t, "MSH#*%!@#A#B\rPID###1*2@3%4#x!F!y!S!z!R!!T!!E!\r")
	for path, want := range map[string]string{"MSH-1": "#", "MSH-4": "B", "PID-3.1": "1", "PID-3.2.2": "3", "PID-4": "x#y*z%@!"} {
		if got := at(t, m, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	short := parse(t, "MSH|^~|A\rPID|||1^2&3~4\\F\\\r")
	if at(t, short, "PID-3.2") != "2&3" {
		t.Error("a message without the last two delimiters has them all the same")
	}
	for _, bad := range []string{"", "MSH", "MSH|", "MSH||A", "MSH|^^|A", "MSH|^~\\&#x|A", "MSHA^~\\&A", "MSH|ab|", "FHS|^~\\&|", "M\x00S\x00H\x00"} {
		if _, err := message.Parse([]byte(bad)); err == nil {
			t.Errorf("%q is a message", bad)
		}
	}
	if _, err := message.Parse([]byte(head + strings.Repeat("A\r", 20_000))); !errors.Is(err, message.ErrTooMany) {
		t.Errorf("twenty thousand segments: %v", err)
	}
}

func TestEscapesAreUndoneAndWrongOnesLeft(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`Ear, nose \T\ throat`: "Ear, nose & throat", `a\F\b\S\c\R\d\E\e`: `a|b^c~d\e`, `two\.br\lines`: "two\nlines",
		`\X4142\C`: "ABC", `Si\XE2\n`: "Siân", `\H\bold\N\`: "bold", `C:\temp`: `C:\temp`, `C:\temp\new`: `C:\temp\new`,
		`ends\`: `ends\`, `\\`: `\\`, `\X4\`: `\X4\`, `\Xzz\`: `\Xzz\`, `\.sp2\x`: "\nx", `\.in+4\x`: "x", `\T\T\`: `&T\`,
	} {
		if got := at(t, parse(t, head+"NTE|||"+raw+"\r"), "NTE-3"); got != want {
			t.Errorf("%s is %q, want %q", raw, got, want)
		}
	}
}

func TestTextIsReadInTheSendersCharacterSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, msh18, raw, want string }{
		{"UTF-8, unannounced", "", "Siân O’Neill", "Siân O’Neill"},
		{"Windows-1252, unannounced", "", "Si\xe2n O\x92Neill", "Siân O’Neill"},
		{"UTF-8", "UNICODE UTF-8", "Siân", "Siân"},
		{"announced as UTF-8, and not that", "UNICODE UTF-8", "Si\xe2n", "Siân"},
		{"ISO 8859-1", "8859/1", "Si\xe2n", "Siân"},
		{"ISO 8859-1 whose bytes could be UTF-8", "8859/1", "\xc3\xa2", "Ã¢"},
		{"ISO 8859-15", "8859/15", "\xa4", "€"},
		{"one that nobody knows", "KLINGON", "Si\xe2n", "Siân"},
	} {
		m := parse(t, "MSH|^~\\&|||||||||||||||"+"|"+c.msh18+"\rPID|||||"+c.raw+"\r")
		if got := at(t, m, "PID-5"); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestNullIsNotEmpty(t *testing.T) {
	t.Parallel()
	s, _ := parse(t, head+"PID|\"\"||\"\"^x||\r").Segment("PID")
	if !s.Field(1).IsNull() || s.Field(1).IsEmpty() || s.Field(2).IsNull() || !s.Field(2).IsEmpty() || s.Field(3).IsNull() || !s.Field(3).Part().Part(1).IsNull() {
		t.Error("the null value and nothing are mixed up")
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw, want string
		doubt     gateway.Doubt
	}{
		{"202611231000", "2026-11-23T10:00:00Z", 0},
		{"20260723100030", "2026-07-23T09:00:30Z", 0},
		{"20260723100030.1234", "2026-07-23T09:00:30.1234Z", 0},
		{"20260723100030+0100", "2026-07-23T09:00:30Z", 0},
		{"202607231000-0530", "2026-07-23T15:30:00Z", 0},
		{"2025-05-05 23:23:32", "2025-05-05T22:23:32Z", 0},
		{"2025-05-05T23:23:32Z", "2025-05-05T23:23:32Z", 0},
		{"2025-05-05T23:23+01:00", "2025-05-05T22:23:00Z", 0},
		{"202610250130", "2026-10-25T00:30:00Z", gateway.TimeAmbiguous},
		{"202610250130+0000", "2026-10-25T01:30:00Z", 0},
		{"202703280130", "", gateway.TimeMissing},
	} {
		m, err := message.Time(c.raw, gateway.London())
		if err != nil || m.Doubt != c.doubt || c.want != "" && m.At.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s is %v with doubt %d, %v", c.raw, m.At, m.Doubt, err)
		}
	}
	if m, err := message.Time("202607231000", time.UTC); err != nil || m.At.Hour() != 10 {
		t.Errorf("the clock of a sender on UTC: %v, %v", m.At, err)
	}
	for _, raw := range []string{"20261123", "2026-11-23"} {
		if _, err := message.Time(raw, gateway.London()); !errors.Is(err, message.ErrDayOnly) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{
		"", "2026", "202611", "2026112310", "202611311000", "202613011000", "202611232400", "202611231060", "20261123100060",
		"202611231000+2500", "202611231000+0160", "202611231000X", " 202611231000", "00000000000000", "17530101000000", "23/11/2026 10:00", "202611231000.5.5",
	} {
		if m, err := message.Time(raw, gateway.London()); err == nil {
			t.Errorf("%q is %v", raw, m.At)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "SCH", "SCH-", "SCH-0", "SCH-x", "SC-1", "sch-1", "SCH-1.2.3.4", "SCH-1.", "SCH-1000", "SCH--1", "SCHE-1", "1CH-1"} {
		if _, err := message.ParsePath(bad); err == nil {
			t.Errorf("%q is a place", bad)
		}
	}
}

func TestNothingIsCopiedUntilAValueNeedsIt(t *testing.T) {
	m := []byte(head + "SCH||88001^PAS|||||||||^^^202611231000\rPID|||1001^^^RJ1^PI||Kerr^Efua||||||||07700900101^PRN^CP\r")
	allocs := testing.AllocsPerRun(100, func() {
		parsed, err := message.Parse(m)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := parsed.Segment("PID")
		for r := range s.Field(13).Repetitions() {
			_ = r.Part(1)
		}
		_ = s.Field(3).Part().Part(5).IsEmpty()
	})
	if allocs > 6 {
		t.Errorf("%v allocations for a message of which nothing was asked", allocs)
	}
}
