package hl7

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var fuzzNow = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

func fuzzed(t testing.TB) *Adapter {
	a, err := New(Config{
		Listen: "127.0.0.1:0",
		Profile: Profile{
			Mode:     Words{Field: "SCH-8", Words: map[string]string{"TEL": "telephone"}},
			Declined: Words{Field: "ZTX-1", Words: map[string]string{"N": "yes", "Y": "no"}},
		},
	}, gateway.Surroundings{Clock: gatewaytest.NewClock(fuzzNow), Trial: true, Shelf: gatewaytest.NewShelf()})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func fuzzFeed(t *testing.T, a *Adapter) gateway.Feed {
	f, err := a.Read(context.Background(), gateway.Span{From: fuzzNow.AddDate(-200, 0, 0), To: fuzzNow.AddDate(8000, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const fuzzHead = "MSH|^~\\&|PAS|RJ1|B|T|20261116095900||SIU^S12|1|P|2.4\r"

// FuzzMessagesToTheDiary gives whatever comes to the adapter, twice. Whatever it is:
// nothing breaks, the second time changes nothing, what is booked has an id, a
// patient and a time, and our own words hold nothing of it.
func FuzzMessagesToTheDiary(f *testing.F) {
	pid := "PID|1||1001^^^RJ1^PI~9990000018^^^NHS^NH||Kerr^Efua||||||||07700900101^PRN^CP~^NET^^a@example.org\r"
	for _, s := range []string{
		fuzzHead + "SCH||88001|||||||||^^^202611231000\r" + pid,
		strings.Replace(fuzzHead, "SIU^S12", "ADT^A40", 1) + pid + "MRG|1002^^^RJ1^PI\r",
		strings.Replace(fuzzHead, "SIU^S12", "ADT^A43", 1) + pid + "MRG|1001^^^RJ1^PI\r",
		strings.Replace(fuzzHead, "SIU^S12", "SIU^S15", 1) + "SCH||88001\r",
		strings.Replace(fuzzHead, "SIU^S12", "SIU^S14", 1) + "SCH||88001||||||TEL|||||||||||||||||\"\"\rTQ1|||||||202611231000\r" + pid + "ZTX|N\r",
		strings.Replace(fuzzHead, "20261116095900", "20261025013000", 1) + "SCH||1\rAIS||||202703280130\rPID|1||9990000018^^^NHS^NH|||||||||||||||||||||||||||^D\r",
		fuzzHead + "SCH||XQCANARY|||||||||^^^XQCANARY\r", "<html>", "MSH#*%!@#A#B\rSCH##1\r",
	} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, cut bool) {
		a := fuzzed(t)
		m, got := a.receive(t.Context(), body, cut)
		if got.what == answerFailed {
			t.Fatal("a shelf that works could not keep it")
		}
		ack := a.reply(m, got.what, got.why, fuzzNow)
		if len(ack) > 0 {
			back, err := message.Parse(ack)
			if err != nil {
				t.Fatal("the answer is no message")
			}
			if msa, ok := back.Segment("MSA"); !ok || msa.Field(1).IsEmpty() {
				t.Fatal("the answer does not say what became of the message")
			}
		}
		once := fuzzFeed(t, a)
		for _, one := range once.Appointments {
			if one.ID == "" || one.Patient.ID == "" || one.Start.IsZero() && one.Start.Unix() != 0 {
				t.Fatal("an appointment without id, patient or time")
			}
			if (one.Patient.MobileKind == gateway.NumberMobile) == one.Patient.Mobile.IsZero() {
				t.Fatal("the number does not fit its kind")
			}
			if one.Status == gateway.StatusBooked && got.what != answerKept {
				t.Fatal("booked by a message that was refused")
			}
			if again, err := a.Reread(t.Context(), one); err == nil && again != one {
				t.Fatal("looked at again, it is another")
			}
		}
		if strings.Contains(got.why, "XQCANARY") {
			t.Fatal("our words hold what stood there")
		}
		for _, u := range once.Unreadable {
			if strings.Contains(u.Why, "XQCANARY") {
				t.Fatal("our words hold what stood there")
			}
		}
		if _, second := a.receive(t.Context(), body, cut); second.what != got.what {
			t.Fatal("the same message is answered in another way")
		}
		if twice := fuzzFeed(t, a); !slices.Equal(once.Appointments, twice.Appointments) || !slices.Equal(once.Unreadable, twice.Unreadable) {
			t.Fatal("a second copy changed something")
		}
		if err := a.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzOrders sends messages of different times in two orders: what is known in the
// end is the same.
func FuzzOrders(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, uint64(1))
	f.Add([]byte{3, 0, 12, 3, 9, 27}, uint64(7))
	f.Fuzz(func(t *testing.T, steps []byte, seed uint64) {
		steps = steps[:min(len(steps), 12)]
		bodies := make([]string, len(steps))
		for i, b := range steps {
			bodies[i] = fuzzStep(i, b)
		}
		straight := fuzzed(t)
		for _, body := range bodies {
			straight.receive(t.Context(), []byte(body), false)
		}
		want := fuzzFeed(t, straight)
		for range 3 {
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
			other := fuzzed(t)
			for _, body := range bodies {
				other.receive(t.Context(), []byte(body), false)
				other.receive(t.Context(), []byte(body), false)
			}
			if got := fuzzFeed(t, other); !slices.Equal(got.Appointments, want.Appointments) || !slices.Equal(got.Unreadable, want.Unreadable) {
				t.Fatalf("another order tells another diary: %v", steps)
			}
			seed++
		}
	})
}

// fuzzStep makes the i-th message, said i minutes after nine, of what a byte says.
func fuzzStep(i int, b byte) string {
	event := []string{"SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15", "SIU^S26", "ADT^A31", "ADT^A29", "ADT^A28"}[b%8]
	visit, phone := 1+int(b/8)%2, 100+int(b/16)
	head := fmt.Sprintf("MSH|^~\\&|PAS|RJ1|B|T|2026111609%02d00||%s|%d|P|2.4\r", i, event, i)
	pid := fmt.Sprintf("PID|1||%d^^^RJ1^PI||Kerr^Efua||||||||07700900%03d^PRN^CP\r", 1000+visit, phone)
	if event[:3] == "ADT" {
		return head + pid
	}
	if event == "SIU^S15" || event == "SIU^S26" {
		return head + fmt.Sprintf("SCH||%d\r", visit)
	}
	return head + fmt.Sprintf("SCH||%d|||||||||^^^2026112310%02d\r", visit, i) + pid
}
