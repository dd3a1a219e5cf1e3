package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// weekSize is how large the simulated week is. BELLMAN_WEEK=large is a week of two
// ordinary practices; the small one has the same days, faults and kinds of reply.
type weekSize struct {
	visits, replies int
	more            int // looks round on a day, besides those that matter
}

func sizeOfWeek() weekSize {
	if os.Getenv("BELLMAN_WEEK") == "large" {
		return weekSize{2000, 1500, 9}
	}
	return weekSize{160, 130, 0}
}

// week is the last week of October 2026, from Thursday to Wednesday: in its middle
// the clocks go back.
type week struct {
	*scene
	size  weekSize
	two   [2]*weekPractice
	luck  *rand.Rand
	said  []weekReply     // everything that patients wrote, in its order
	deck  []weekWords     // what they write next
	acked map[string]bool // practice, number and answer: given since the day began
	outs  map[string]int  // by practice and number: how hard its opt-out is to undo
	// opened is when the service was started anew, after the time in which patients
	// found its door closed; applied when it had found what they wrote. before are the
	// counters until then.
	opened, applied time.Time
	before          map[string]float64
}

var weekBegins = london(time.October, 22, 7, 30)

const weekDays = 7

// edge is how long before the hours begin or end the test looks on as they do.
const edge = 600 * time.Millisecond

// TestAWeekOfTwoPracticesGivesEveryTextAndLosesNoAnswer is issue 5's own measure: a
// practice in England and one in Wales, over the change of the clocks, with
// outages of the clinical systems and of our own door. The one in England, which has
// EMIS, has switched on everything that texts may say and do; the one in Wales, with
// FHIR, nothing.
func TestAWeekOfTwoPracticesGivesEveryTextAndLosesNoAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	w := newWeek(t)
	v := w.live()
	for day := range weekDays {
		w.anotherDay()
		for _, at := range w.moments(day) {
			if at.Before(w.clock.Now()) {
				continue // an outage took so long
			}
			w.come(v, at)
			hour := at.In(gateway.London()).Hour()
			if day == 4 && hour == 13 {
				v = w.closeTheDoor(v)
			}
			if day == 5 && hour == 13 {
				w.loseTheDiaries(v)
			}
		}
	}
	w.answer(v, w.size.replies-len(w.said))
	w.check(v)
	v.stop()
}

func newWeek(t *testing.T) *week {
	w := &week{
		scene: newScene(t, "emis", weekBegins), size: sizeOfWeek(), luck: rand.New(rand.NewPCG(5, 2026)),
		acked: map[string]bool{}, outs: map[string]int{}, before: map[string]float64{},
	}
	w.deck = w.dealt()
	w.two = [2]*weekPractice{w.england(), w.wales()}
	w.twilio.AddSender(twiliosim.Sender{Number: w.two[1].Sender})
	w.edit("twilio: {", "twilio: {custom_opt_out_words: true, ") // CANCEL is ours
	b, err := os.ReadFile(w.path("bellman.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(b), "practices:\n")
	w.write("bellman.yaml", head+"practices:\n"+w.two[0].section+w.two[1].section)
	for i, p := range w.two {
		w.twilio.AddService(twiliosim.Service{
			SID: fmt.Sprintf("MG%032d", i), Senders: []string{p.Sender}, InboundURL: w.public.url + "/twilio/inbound", AdvancedOptOut: true,
		})
		p.phases = append(p.phases, w.configured(p.ODS))
		w.book(p)
	}
	return w
}

// moments gives when the test looks round on a day: as the hours begin, through them,
// and at night; on the days before and after the clocks change also as they end.
func (w *week) moments(day int) []time.Time {
	at := func(hour, minute int) time.Time {
		l := weekBegins.In(gateway.London()).AddDate(0, 0, day)
		return time.Date(l.Year(), l.Month(), l.Day(), hour, minute, 0, 0, gateway.London())
	}
	out := []time.Time{at(8, 0).Add(-edge), at(13, 5)}
	for i := range w.size.more {
		out = append(out, at([]int{9, 10, 11, 12, 14, 15, 16, 17, 19}[i], 5))
	}
	if day == 1 || day == 4 {
		out = append(out, at(18, 0).Add(-edge))
	}
	out = append(out, at(21, 30))
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// come sets the clock, and waits until both diaries are read and what is due has
// gone, while patients write. It comes in two steps: what was held since the diary had
// not been read yet is looked at again a minute later.
func (w *week) come(v *serving, at time.Time) {
	w.t.Helper()
	w.clock.set(at.Add(-2 * time.Minute))
	v.ready() // the clock has been compared
	w.answer(v, w.share()/2)
	v.fresh()
	v.await("what is due and not held has gone", func() string { return w.late("queued") })
	w.settle(v)
	w.clock.set(at)
	v.ready()
	w.answer(v, w.share()-w.share()/2)
	if at.Nanosecond() != 0 { // let it pass the opening, or the end, of the hours
		time.Sleep(at.Add(edge).Sub(w.clock.Now()))
	}
	v.await("what was due has gone", func() string { return w.late("queued", "held") })
	w.settle(v)
}

// settle waits until nothing is on its way, and all that left is counted: the clock
// must not jump over a text that is just leaving.
func (w *week) settle(v *serving) {
	w.t.Helper()
	v.quiet()
	v.await("what left is counted", func() string {
		segments := 0
		for _, text := range w.twilio.Taken() {
			segments += text.Segments
		}
		if n := w.counted(v, "bellman_sms_segments_total"); n != segments {
			return fmt.Sprintf("%d segments of %d", n, segments)
		}
		return ""
	})
}

// late tells what is due and has not gone, of some states.
func (w *week) late(states ...string) string {
	now, late := w.clock.Now(), 0
	today := w.sentOn(now)
	for _, r := range w.queue() {
		p := w.practice(gateway.ODS(r.Practice))
		due, err := time.Parse(time.RFC3339, r.Due)
		waits := err == nil && r.State == "queued" && !due.After(now) && p.open(now) || r.State == "held" && r.Reason == "feed_stale"
		if r.State == "queued" && p.mostADay > 0 && today[string(p.ODS)+p.number(slotOf(r.Appointment))] >= p.mostADay {
			continue // it goes on another day
		}
		if waits && slices.Contains(states, r.State) {
			late++
		}
	}
	if late > 0 {
		return fmt.Sprintf("%d are due and wait", late)
	}
	return ""
}

func (w *week) queue() []queueLine {
	w.t.Helper()
	var rows []queueLine
	w.ask(&rows, "queue")
	return rows
}

// sentOn counts the texts of a day in London, by practice and number.
func (w *week) sentOn(day time.Time) map[string]int {
	out := map[string]int{}
	for _, text := range w.twilio.Taken() {
		if onDay(text.At) == onDay(day) {
			out[string(w.of(text.From).ODS)+text.To]++
		}
	}
	return out
}

func onDay(at time.Time) string { return at.In(gateway.London()).Format(time.DateOnly) }

// loseTheDiaries lets the clinical systems fail for longer than a read is trusted,
// on an afternoon on which texts are due.
func (w *week) loseTheDiaries(v *serving) {
	w.t.Helper()
	w.asked.failing(func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/2010-04-01/") { // Twilio's
			return 0
		}
		return http.StatusInternalServerError
	})
	was := len(w.twilio.Taken())
	failed := v.metric("bellman_feed_failures_total")
	w.clock.set(w.clock.Now().Add(100 * time.Minute))
	v.await("nobody can read the diaries", func() string {
		if n := v.metric("bellman_feed_failures_total") - failed; n < 2 {
			return fmt.Sprintf("%v reads have failed", n)
		}
		return ""
	})
	time.Sleep(1500 * time.Millisecond) // senders look once a second
	if got := len(w.twilio.Taken()); got != was {
		w.t.Errorf("%d texts left on diaries that nobody could read", got-was)
	}
	w.asked.failing(func(*http.Request) int { return 0 })
}
