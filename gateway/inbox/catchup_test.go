package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store/storetest"
)

// closeDoor makes what patients write reach the provider only.
func (s *stage) closeDoor() {
	for _, from := range []string{fromRiverside, fromHillside} {
		s.sim.AddSender(twiliosim.Sender{Number: from})
	}
}

func (s *stage) openDoor() {
	for _, from := range []string{fromRiverside, fromHillside} {
		s.sim.AddSender(twiliosim.Sender{Number: from, InboundURL: s.door + inbox.InboundPath})
	}
}

// writes plays patients who write while the door is closed, a second apart.
func (s *stage) writes(n int, words ...string) {
	s.t.Helper()
	for _, w := range words {
		s.clock.Advance(time.Second)
		s.sim.Reply(s.t.Context(), phone(n), fromRiverside, w)
	}
}

// catchUp reads the provider's list six minutes later.
func (s *stage) catchUp() {
	s.t.Helper()
	s.clock.Advance(6 * time.Minute)
	if err := s.in.CatchUp(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// emptied flushes Redis and gives the store what the journal holds.
func (s *stage) emptied() {
	s.t.Helper()
	if err := storetest.Client(s.t, s.address).FlushAll(s.t.Context()).Err(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.memory.Rejoin(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func TestFiftySTOPsThatFoundTheDoorClosedAreObeyedByOneCatchUp(t *testing.T) {
	s := newStage(t)
	variants := []string{
		"STOP", "stop", "Stop!", "STOP ALL", "stopall", "please stop texting me", "unsubscribe", "UNSUBSCIBE", "opt out", "quit",
		"end", "Stop messaging me", "remove me", "dont text me", "STOPIWCH", "stop please", "arret", "don't text me", "S T O P", "optout",
		"stooop", "Please stop", "do not text me", "stop it", "revoke",
	}
	var visits []gateway.Appointment
	for i := range 50 {
		visits = append(visits, person(i))
	}
	s.booked(riverside, visits...)
	if err := s.in.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.closeDoor()
	for i := range 50 {
		words := variants[i%len(variants)]
		if gateway.ReadReply(words) != gateway.ReplyStop {
			words = "STOP"
		}
		s.writes(i, words)
	}
	s.catchUp()
	for i := range 50 {
		if s.optedOut(riverside, i) != "patient" {
			t.Errorf("patient %d is not opted out", i)
		}
		s.stands(s.id(riverside, person(i)), gateway.Withdrawn, gateway.OptedOut)
	}
	if got := must(s.elsewhere().OptOuts(t.Context(), riverside)); len(got) != 50 {
		t.Errorf("%d are in the journal", len(got))
	}
	if n := len(s.replies(riverside)); n != 50 {
		t.Errorf("%d are filed", n)
	}
	s.come(monday)
	s.sendAll()
	for _, texts := range s.sim.Phones() {
		for _, x := range texts {
			if !x.Automatic {
				t.Error("somebody was texted, or answered late")
			}
		}
	}
	again := s.metric("bellman_replies_total", "stop")
	s.catchUp()
	if n := s.metric("bellman_replies_total", "stop"); n != again {
		t.Error("the second catch-up took them again")
	}
}

func TestWhatIsCaughtUpIsObeyedInTheOrderInWhichItWasWritten(t *testing.T) {
	s := newStage(t)
	s.closeDoor()
	s.writes(1, "STOP", "START")
	s.writes(2, "START", "STOP")
	s.writes(3, "STOP", "START", "STOP")
	s.catchUp()
	if s.optedOut(riverside, 1) != "" {
		t.Error("START after STOP is not obeyed")
	}
	if s.optedOut(riverside, 2) == "" || s.optedOut(riverside, 3) == "" {
		t.Error("the last STOP is not obeyed")
	}
	o, _, _ := s.memory.OptedOut(t.Context(), riverside, gateway.NewPhone(phone(2)))
	if o.Since.After(s.clock.Now().Add(-5 * time.Minute)) {
		t.Error("it is dated when it was read, not when it was written")
	}
}

func TestAfterAFlushTheWholeHistoryEndsAsItStood(t *testing.T) {
	s := newStage(t)
	s.writes(1, "STOP", "START")
	s.writes(2, "STOP", "START", "STOP")
	s.writes(3, "STOP")
	if err := s.memory.RemoveOptOut(t.Context(), riverside, gateway.NewPhone(phone(3)), s.clock.Now().Add(time.Second), "staff"); err != nil {
		t.Fatal(err)
	}
	s.closeDoor()
	s.clock.Advance(5 * time.Minute)
	s.writes(1, "stop texting me")
	for range 2 {
		s.emptied()
		s.catchUp()
		for n, want := range map[int]string{1: "patient", 2: "patient", 3: ""} {
			if got := s.optedOut(riverside, n); got != want {
				t.Errorf("patient %d: opted out by %q, want %q", n, got, want)
			}
		}
	}
}

// The provider's call is signed, but carries no time: whoever caught one can play
// it again, and Redis may have forgotten that it came before.
func TestAReplayedSTARTLiftsNoLaterSTOP(t *testing.T) {
	s := newStage(t)
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1)))
	s.clock.Advance(time.Minute)
	s.post(inbox.InboundPath, text(1, fromRiverside, "START", sid(2)))
	if s.optedOut(riverside, 1) != "" {
		t.Fatal("START is not obeyed")
	}
	s.clock.Advance(time.Minute)
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(3)))
	s.clock.Advance(time.Minute)
	replay := func(when string) {
		t.Helper()
		if got := s.post(inbox.InboundPath, text(1, fromRiverside, "START", sid(2))); got.status != 200 {
			t.Errorf("%s: answered %d", when, got.status)
		}
		if s.optedOut(riverside, 1) != "patient" {
			t.Errorf("%s: a START that was obeyed before lifted the STOP after it", when)
		}
	}
	replay("at once")
	s.emptied()
	replay("after a flush")
	form := text(1, fromRiverside, "START", sid(9))
	form.Set("AccountSid", twiliosim.DefaultAccount)
	if got := s.send(inbox.InboundPath, form.Encode(), "forged"); got.status != 403 || s.optedOut(riverside, 1) != "patient" {
		t.Errorf("a forged START: answered %d", got.status)
	}
}

func TestWhatHasJustComeIsLeftToTheDoorWhichCanAnswer(t *testing.T) {
	s := newStage(t)
	s.closeDoor()
	s.writes(1, "hello")
	if err := s.in.CatchUp(t.Context()); err != nil || len(s.replies(riverside)) != 0 {
		t.Errorf("taken at once, or %v", err)
	}
	s.openDoor()
	s.catchUp()
	if len(s.replies(riverside)) != 1 {
		t.Error("it is not taken later either")
	}
}

// Twilio answers the bare words itself; "Help!" nobody has answered.
func TestWhoAskedForHelpAtAClosedDoorWaitsForAPerson(t *testing.T) {
	s := newStage(t)
	s.writes(1, "Help!") // answered at the door
	s.closeDoor()
	s.writes(2, "HELP")
	s.writes(3, "Help!")
	s.catchUp()
	for n, want := range map[int]string{1: "help, open false", 2: "help, open false", 3: "other, open true"} {
		for _, r := range s.replies(riverside) {
			if got := fmt.Sprintf("%s, open %t", r.Kind, r.Open()); r.From == gateway.NewPhone(phone(n)) && got != want {
				t.Errorf("patient %d: %s, want %s", n, got, want)
			}
		}
	}
	if n := len(s.replies(riverside)); n != 3 {
		t.Errorf("%d replies are kept", n)
	}
}

// deaf is the provider's list, which cannot be read for one sender.
type deaf struct {
	inbox.Lister
	sender *string
}

func (d deaf) Inbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, int, error) {
	if sender == *d.sender {
		return nil, 0, errors.New("no whole answer")
	}
	return d.Lister.Inbound(ctx, since, sender)
}

func TestAListThatCannotBeReadIsReadLaterAndStopsNoOtherPractice(t *testing.T) {
	not := fromRiverside
	s := newStage(t, func(o *inbox.Options) { o.Lister = deaf{o.Lister, &not} })
	s.closeDoor()
	s.writes(1, "STOP")
	s.sim.Reply(t.Context(), phone(1), fromHillside, "STOP")
	s.clock.Advance(6 * time.Minute)
	if err := s.in.CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), string(riverside)) {
		t.Errorf("error %v", err)
	}
	if s.optedOut(riverside, 1) != "" || s.optedOut(hillside, 1) != "patient" {
		t.Error("the other practice is not caught up, or this one is")
	}
	not = ""
	s.clock.Advance(2 * time.Hour) // far longer than the overlap
	s.catchUp()
	if s.optedOut(riverside, 1) != "patient" {
		t.Error("what was not read then is not read later")
	}
}

// garbled is the provider's list, in which entries cannot be read.
type garbled struct{ inbox.Lister }

func (g garbled) Inbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, int, error) {
	found, unreadable, err := g.Lister.Inbound(ctx, since, sender)
	return found, unreadable + 2, err
}

func TestAnEntryThatCannotBeReadKeepsNoSTOPFromBeingObeyed(t *testing.T) {
	s := newStage(t, func(o *inbox.Options) { o.Lister = garbled{o.Lister} })
	s.closeDoor()
	s.writes(1, "STOP")
	s.catchUp()
	if s.optedOut(riverside, 1) != "patient" {
		t.Error("the STOP beside it is not obeyed")
	}
	if !strings.Contains(s.log.String(), "cannot be read") {
		t.Error("nobody is told")
	}
}
