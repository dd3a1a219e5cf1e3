package store

import (
	"bytes"
	"testing"
	"time"

	"bellman/gateway"
)

// What is read back from Redis may be anything: a fault of the disk, a later
// format, somebody else's hand. None of it may stop the program, and nothing may
// be read that was not written.

func FuzzParseHead(f *testing.F) {
	h := gateway.Head{Start: time.Unix(1793600000, 0).UTC(), FirstSeen: time.Unix(1790000000, 0).UTC(), Digest: gateway.Digest{1}, Tag: [12]byte{2}}
	f.Add(appendHead(h, nil))
	h.Rules = []gateway.Rule{gateway.RuleFromCode(120), gateway.RuleFromCode(0x8007)}
	f.Add(append(appendHead(h, nil), "sealed"...))
	f.Add([]byte("1"))
	f.Add(append(bytes.Repeat([]byte{'1'}, 29), 255))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := parseHead(b)
		if err != nil {
			return
		}
		if n > len(b) || n != headFixed+2*len(h.Rules) {
			t.Fatalf("a head of %d bytes with %d rules in %d bytes", n, len(h.Rules), len(b))
		}
		if again, m, err := parseHead(appendHead(h, nil)); err != nil || m != n || !again.Start.Equal(h.Start) || again.Digest != h.Digest || again.Tag != h.Tag {
			t.Fatal("a head reads differently when it is written again")
		}
	})
}

func FuzzDecodeFacts(f *testing.F) {
	start := time.Unix(1793600000, 0).UTC()
	a := gateway.Appointment{ID: "88001-1001", Start: start, Site: "5", Version: "3", Status: gateway.StatusBooked, Patient: gateway.Patient{ID: "1001", Mobile: gateway.NewPhone("+447700900001"), MobileKind: gateway.NumberMobile}}
	f.Add(encodeFacts(gateway.Facts{Appointment: a, Merged: true}))
	a.Reminded = gateway.FlagYes
	f.Add(encodeFacts(gateway.Facts{OffList: true}))
	f.Add(append(encodeFacts(gateway.Facts{Appointment: a}), "a field of a later version"...))
	a.Class, a.Age, a.Patient.Needs, a.Patient.Language = gateway.ClinicSensitive, gateway.Age16To17, gateway.NeedsBraille, gateway.LanguageOther
	f.Add(append(encodeFacts(gateway.Facts{Appointment: a, Shared: true}), "x\x02later"...))
	f.Add([]byte("1234567890\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := decodeFacts(b, start)
		if err != nil {
			return
		}
		again, err := decodeFacts(encodeFacts(facts), start)
		if err != nil || again != facts {
			t.Fatal("facts read differently when they are written again")
		}
	})
}

func FuzzParseReminder(f *testing.F) {
	f.Add("q\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Add("d\x00\x6a\xe8\x00\x00\x01tokentok\x00\x00\x75\x33SM0123456789abcdef0123456789abcdef")
	f.Add("?")
	f.Fuzz(func(t *testing.T, v string) {
		r, ok := parseReminder(v)
		if ok && (r.State.String() == "invalid" || len(v) < reminderFixed || r.MessageID != v[reminderFixed:]) {
			t.Fatal("a reminder was made up")
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte("w\x6a\xe8\x00\x00\x80\x01\x6a\xe8\x00\x00\x07\x00N\x6a\xe8\x00\x00\x00\x00\x6a\xe8\x00\x00\x00\x00"))
	f.Add([]byte("M\x6a\xe8\x00\x00\x00\x00\x6a\xe8\x00\x00\x00\x04\x6a\xe9\x00\x00R\x6a\xe8\x00\x00\x80\x01\x6a\xe8\x00\x00\x00\x01\x01"))
	f.Add([]byte("u\x6a\xe8\x00\x00\x80\x01\x6a\xe8\x00\x00\x54\x04\x00\x00\x75\x33torn"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, n := parseEvent(b)
		if n > len(b) || (n > 0 && n < eventFixed) {
			t.Fatalf("an event of %d bytes in %d", n, len(b))
		}
		events := parseStory(b)
		if len(events)*eventFixed > len(b) {
			t.Fatal("more events than fit")
		}
		if (n > 0) != (len(events) > 0) {
			t.Fatal("the first event is told by one and not by the other")
		}
		for i := 1; i < len(events); i++ {
			if events[i].At.Before(events[i-1].At) {
				t.Fatal("a story out of order")
			}
		}
	})
}

func FuzzJournalLine(f *testing.F) {
	master, err := newTestMaster()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("AAAA 00000000\n")
	f.Add("# joined 0011223344556677\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, line string) {
		j := &Journal{master: master}
		if text, whole := checked([]byte(line)); whole {
			if _, ok := j.open(text); ok {
				t.Fatal("a line opened that nobody sealed")
			}
		}
	})
}
