package scheduler_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/scheduler"
)

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

// visits gives two of one patient within the hour.
func visits() (first, second gateway.Appointment) {
	first, second = person(1), person(1)
	second.ID, second.Start = "88900", tuesday.Add(40*time.Minute)
	return first, second
}

func TestVisitsOfOneHourAreOneText(t *testing.T) {
	s := newStage(t)
	first, second := visits()
	s.booked(first, second)
	s.stands(first, day, gateway.Queued, gateway.None)
	s.stands(second, day, gateway.Withdrawn, gateway.Merged)
	s.come(monday)
	s.send()
	s.come(monday.Add(time.Hour))
	s.send()
	s.texts(1, 1)
}

func TestTheOtherVisitIsTextedWhenTheFirstIsCancelled(t *testing.T) {
	s := newStage(t)
	first, second := visits()
	s.booked(first, second)
	first.Status = gateway.StatusCancelled
	s.booked(first)
	s.stands(first, day, gateway.Withdrawn, gateway.Cancelled)
	s.stands(second, day, gateway.Queued, gateway.None)
	s.come(monday.Add(40 * time.Minute))
	s.send()
	s.texts(1, 1)
}

func optOut(by string) gateway.OptOut {
	return gateway.OptOut{Practice: riverside, Number: number(1), Since: friday, By: by}
}

func TestWhoOptedOutIsWithdrawnAndQueuedAgainAfterSTART(t *testing.T) {
	for name, between := range map[string]bool{"read between": true, "not read between": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.booked(person(1))
			if err := s.store.AddOptOut(t.Context(), optOut("patient")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.store.WithdrawNumber(t.Context(), riverside, number(1), friday, gateway.OptedOut); err != nil {
				t.Fatal(err)
			}
			if between {
				s.read()
			}
			s.stands(person(1), day, gateway.Withdrawn, gateway.OptedOut)
			if err := s.store.RemoveOptOut(t.Context(), riverside, number(1), friday, "patient"); err != nil {
				t.Fatal(err)
			}
			s.read()
			s.stands(person(1), day, gateway.Queued, gateway.None)
			s.come(monday)
			s.send()
			s.texts(1, 1)
		})
	}
}

func TestSTARTAfterTheClaimWithdrewQueuesAgain(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	s.come(monday)
	if err := s.store.AddOptOut(t.Context(), optOut("provider")); err != nil {
		t.Fatal(err)
	}
	s.send()
	s.stands(person(1), day, gateway.Withdrawn, gateway.OptedOut)
	if err := s.store.RemoveOptOut(t.Context(), riverside, number(1), monday, "patient"); err != nil {
		t.Fatal(err)
	}
	s.come(monday.Add(time.Minute))
	s.send()
	s.texts(1, 1)
}

func TestARuleThatIsRemovedOrAddedIsFollowed(t *testing.T) {
	s := newStage(t)
	s.rules(day, hours)
	s.booked(person(1))
	s.rules(day)
	s.read()
	s.stands(person(1), hours, gateway.Withdrawn, gateway.RuleRemoved)
	s.stands(person(1), day, gateway.Queued, gateway.None)
	s.rules(day, hours)
	s.read()
	s.stands(person(1), hours, gateway.Queued, gateway.None)
	s.come(monday)
	s.send()
	s.come(tuesday.Add(-time.Hour * 2))
	s.send()
	s.texts(1, 2) // six in the morning is brought to the opening at eight
}

func TestARuleThatIsAddedDoesNotReachBack(t *testing.T) {
	s := newStage(t)
	far := person(2)
	far.Start = tuesday.AddDate(0, 0, 14)
	s.booked(person(1), far)
	s.clock.Advance(time.Hour)
	s.rules(week, day)
	s.read()
	s.send()
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts at once, for a rule that was added today", n)
	}
	s.stands(far, week, gateway.Queued, gateway.None)
	s.clock.Advance(time.Hour)
	s.read()
	s.send()
	if n := len(s.phones.sent); n != 0 {
		t.Errorf("%d texts at the next read", n)
	}
	s.come(monday)
	s.send()
	if s.phones.to(number(1)) != 1 {
		t.Error("the older rule is not followed any more")
	}
}

func TestWhatTheLastLookFindsIsWrittenDown(t *testing.T) {
	s := newStage(t)
	s.booked(person(1))
	is := person(1)
	is.Start = tuesday.AddDate(0, 0, 1)
	if err := s.sched.Refresh(t.Context(), s.surgery.Practice, is); err != nil {
		t.Fatal(err)
	}
	s.stands(person(1), day, gateway.Withdrawn, gateway.Moved)
	s.stands(is, day, gateway.Queued, gateway.None)
	if told := s.told(); told[gateway.Moved] != 1 {
		t.Errorf("moves: %v", told)
	}
	s.sound()
}

func TestTheSweepForgetsWhatIsOverAndNothingElse(t *testing.T) {
	s := newStage(t)
	far := person(2)
	far.Start = tuesday.AddDate(0, 0, 7)
	s.booked(person(1), far)
	s.come(monday)
	s.send()
	s.diary.drop(person(1))
	s.clock.Set(tuesday.Add(48 * time.Hour))
	s.sched.SweepNow(t.Context())
	if kept := must(s.store.Appointments(t.Context(), riverside)); len(kept) != 2 {
		t.Errorf("%d are kept two days after, want 2", len(kept))
	}
	s.clock.Advance(time.Second)
	s.sched.SweepNow(t.Context())
	kept := must(s.store.Appointments(t.Context(), riverside))
	if len(kept) != 1 || kept[0].Ref != s.id(far, day).Ref {
		t.Errorf("%d are kept", len(kept))
	}
	s.read()
	s.stands(far, day, gateway.Queued, gateway.None)
	s.texts(1, 1)
}

func TestAReplyThatNobodyReadIsNotForgottenSilently(t *testing.T) {
	s := newStage(t)
	for i, kind := range []gateway.ReplyKind{gateway.ReplyOther, gateway.ReplyStop} {
		r := gateway.Reply{Practice: riverside, MessageID: fmt.Sprintf("SM%d", i), From: gateway.NewPhone(gatewaytest.Number(1)), Text: gateway.NewText("my kestrel"), Kind: kind, At: s.clock.Now()}
		if !must(s.store.KeepReply(t.Context(), r)) {
			t.Fatal("it is not kept")
		}
	}
	const forgotten = "bellman_replies_forgotten_unread_total"
	s.clock.Advance(90 * 24 * time.Hour)
	s.sched.SweepNow(t.Context())
	if left := must(s.store.Replies(t.Context(), riverside)); len(left) != 1 || left[0].Kind != gateway.ReplyOther || gatewaytest.Metric(t, s.metrics, forgotten, string(riverside)) != 0 {
		t.Errorf("%d are left after 90 days, want the one that waits for a person", len(left))
	}
	s.clock.Advance(time.Second)
	for range 2 {
		s.sched.SweepNow(t.Context())
		if left := must(s.store.Replies(t.Context(), riverside)); len(left) != 0 {
			t.Errorf("%d are left", len(left))
		}
		if n := gatewaytest.Metric(t, s.metrics, forgotten); n != 1 {
			t.Errorf("%v are counted as forgotten without being read", n)
		}
	}
	if log := s.log.String(); strings.Count(log, "nobody had read for 90 days") != 1 || strings.Contains(log, "kestrel") {
		t.Error("the log does not tell it once, or tells the words")
	}
}

// breaking is a clinical system whose adapter breaks down.
type breaking struct{}

func (breaking) Read(context.Context, gateway.Span) (gateway.Feed, error) {
	panic("in the middle of it")
}

func TestAnAdapterThatBreaksDownStopsNobodyElse(t *testing.T) {
	s := newStage(t)
	s.diary.book(person(1))
	bad := scheduler.Practice{Practice: gatewaytest.Practice(gatewaytest.Hillside, gatewaytest.FromHillside), Source: breaking{}, SourceType: "scripted", Poll: "@every 1s"}
	s.surgery.Poll = "@every 1s"
	s.metrics = newRegistry()
	sched := s.newScheduler(s.metrics, bad, s.surgery)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := sched.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	gatewaytest.Await(t, "both practices are visited at the start and by the timetable", func() bool {
		return s.metric("bellman_appointments_read_total", string(riverside), "ok") >= 2 && s.metric("bellman_feed_failures_total", string(gatewaytest.Hillside)) >= 2
	})
	cancel()
	wg.Wait()
	s.stands(person(1), day, gateway.Queued, gateway.None)
	for _, p := range []gateway.ODS{riverside, gatewaytest.Hillside} { // nobody holds a right to read
		if token, err := s.store.Lock(t.Context(), p, "another", time.Second); err != nil || token == 0 {
			t.Errorf("the right to read %s was not given back: %v", p, err)
		}
	}
}

func TestATimetableThatIsNotUnderstoodIsAnError(t *testing.T) {
	s := newStage(t)
	s.surgery.Poll = "every now and then"
	if err := s.newScheduler(newRegistry(), s.surgery).Run(t.Context()); err == nil {
		t.Error("nobody is told")
	}
	if s.diary.reads != 0 {
		t.Error("read all the same")
	}
}
