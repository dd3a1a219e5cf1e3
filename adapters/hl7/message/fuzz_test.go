package message_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
)

// FuzzMessages holds the lazy reading of a message to a slow and obvious one: cut
// into lines, fields, repetitions and components by strings.Split.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{
		head, head + "SCH|1|2^3&4~5|\r", "MSH#*%!@#A#B\nPID##1*2\n", head + "NTE|||a\\F\\b\\X41\\\\\r", "MSH|^~|\r\nPID|", "\xef\xbb\xbf" + head,
		"MSH|^~\\&|||||||||||||||8859/1\rPID|\xe2\r", head + "|||\rPID||~~^^\r", "MSH!#\nMSH",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := message.Parse(raw)
		if err != nil {
			return
		}
		d := m.Delimiters()
		for s := range m.All() {
			fields := bytes.Split(s.Raw(), []byte{d.Field})
			if s.Name() == "MSH" && len(s.Raw()) > 3 { // a second one may be nothing but its name
				fields = append([][]byte{fields[0], {d.Field}}, fields[1:]...)
			}
			for n := 1; n < min(len(fields)+2, 60); n++ {
				want := ""
				if n < len(fields) {
					want = string(fields[n])
				}
				got := s.Field(n)
				if string(got.Raw()) != want {
					t.Fatalf("field %d is %q, want %q", n, got.Raw(), want)
				}
				compare(t, got, want, d)
			}
		}
	})
}

// compare looks at the parts of one field, whose values are without escapes.
func compare(t *testing.T, f message.Field, raw string, d message.Delimiters) {
	parts := split(raw, d.Repetition)
	i := 0
	for r := range f.Repetitions() {
		if i >= len(parts) {
			t.Fatal("more repetitions than there are")
		}
		for c, want := range split(parts[i], d.Component) {
			if plain(want, d) && r.Part(c+1).Text() != want {
				t.Fatalf("component %d is %q, want %q", c+1, r.Part(c+1).Text(), want)
			}
			for n, sub := range split(want, d.Subcomponent) {
				if plain(sub, d) && r.Part(c+1).Part(n+1).Text() != sub {
					t.Fatalf("subcomponent %d is another", n+1)
				}
			}
		}
		_ = r.Text()
		i++
	}
	if i != len(parts) && raw != "" {
		t.Fatalf("%d repetitions, want %d", i, len(parts))
	}
}

func split(s string, by byte) []string {
	if by == 0 {
		return []string{s}
	}
	return strings.Split(s, string(by))
}

// plain reports whether a value is read as it stands.
func plain(s string, d message.Delimiters) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || d.Escape != 0 && s[i] == d.Escape {
			return false
		}
	}
	return true
}

// FuzzEscapes: whatever is written with its delimiters escaped is read as it was.
func FuzzEscapes(f *testing.F) {
	f.Add("Ear, nose & throat | a^b~c\\d")
	f.Add("\\\\T\\")
	f.Fuzz(func(t *testing.T, meant string) {
		if strings.ContainsAny(meant, "\r\n") || strings.Trim(meant, "\r\n") != meant || !validUTF8(meant) {
			return
		}
		escaped := strings.NewReplacer(`\`, `\E\`, `|`, `\F\`, `^`, `\S\`, `~`, `\R\`, `&`, `\T\`).Replace(meant)
		m, err := message.Parse([]byte(head + "NTE|||" + escaped + "|x\r"))
		if err != nil {
			t.Fatal(err)
		}
		s, _ := m.Segment("NTE")
		if got := s.Field(3).Part().Part(1).Part(1).Text(); got != meant {
			t.Fatalf("%q is read as %q", meant, got)
		}
	})
}

func validUTF8(s string) bool { return strings.ToValidUTF8(s, "") == s }

// FuzzTimes: what is read as a time is one that the same figures give again.
func FuzzTimes(f *testing.F) {
	for _, s := range []string{"202611231000", "20261123100030.1234+0100", "2025-05-05 23:23:32", "202703280130", "20261123", "20261131"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := message.Time(s, gateway.London())
		if err != nil {
			if strings.Contains(err.Error(), s) && len(s) > 3 {
				t.Fatal("the error repeats what stood there")
			}
			return
		}
		if m.Doubt != gateway.NoDoubt || m.Offset {
			return
		}
		again := m.At.In(gateway.London())
		if digits(s)[:12] != again.Format("200601021504") || m.Seconds && digits(s)[12:14] != again.Format("05") {
			t.Fatalf("%q is read as %v", s, again.Format(time.RFC3339Nano))
		}
	})
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
