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

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/message"
)

// weekSize is how large the simulated week is. BELLMAN_WEEK=large is a week of two
// ordinary practices; the small one has the same days, faults and kinds of reply.
type weekSize struct {
	visits, replies int
	step            time.Duration
}

func sizeOfWeek() weekSize {
	if os.Getenv("BELLMAN_WEEK") == "large" {
		return weekSize{2000, 1500, time.Hour}
	}
	return weekSize{160, 120, 5 * time.Hour}
}

// weekPractice is one of the two.
type weekPractice struct {
	gateway.Practice
	diary *surgery.Diary
	sim   *fhirsim.Sim
	first int // of its patients' numbers
}

// week is the last week of October 2026, from Thursday to Wednesday: in its middle
// the clocks go back.
type week struct {
	*scene
	size    weekSize
	two     [2]*weekPractice
	luck    *rand.Rand
	stopped map[string]stretch // by practice and number
	said    map[string]int     // replies by what was expected of them
	unheard int                // replies that were written while the door was closed
	counted int                // replies that were counted before that
}

// stretch is when a number asked for no texts: from the moment its STOP was
// answered until its START was.
type stretch []struct{ from, to time.Time }

var weekBegins = london(time.October, 22, 7, 30)

const weekDays = 7

// phrase is one that patients answer with, and what is to come of it.
type phrase struct {
	words, means string
	times        int // how often, of a hundred replies
}

var phrases = []phrase{
	{"STOP", "stop", 3}, {"Stop please", "stop", 2}, {"stop texting me", "stop", 2}, {"\u201cSTOP\u201d", "stop", 1}, {"stopio", "stop", 1}, {"no more texts please \U0001F64F", "stop", 1},
	{"HELP", "help", 3}, {"yes", "confirm", 8}, {"Y", "confirm", 3}, {"iawn", "confirm", 2},
	{"cancel my appointment", "cancel", 5}, {"please cancel", "cancel", 4}, {"canslo", "cancel", 2},
	{"Can I come at 3 instead?", "other", 12}, {"Who is this?", "other", 6}, {"I need to stop my tablets", "other", 6}, {"stop by at 5?", "other", 4},
	{"my chest hurts", "other", 4}, {"", "other", 5}, {"\U0001F44D\U0001F3FC", "other", 6}, {"Ydych chi ar agor yfory?", "other", 5}, {"\u0644\u0627 \u0623\u0641\u0647\u0645", "other", 4},
	{strings.Repeat("I was told to ring but nobody answers. ", 40), "other", 4}, {"<script>alert(1)</script> {{.Name}}", "other", 2}, {"START", "start", 5},
}

// TestAWeekOfTwoPracticesGivesEveryTextAndLosesNoAnswer is issue 5's own measure: a
// practice in England and one in Wales, over the change of the clocks, with
// outages of the clinical system and of our own door.
func TestAWeekOfTwoPracticesGivesEveryTextAndLosesNoAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	w := newWeek(t)
	v := w.live()
	for day := range weekDays {
		for _, at := range w.moments(day) {
			if at.Before(w.clock.Now()) {
				continue // an outage took so long
			}
			w.come(v, at)
			if at.Day() == 23 && at.In(gateway.London()).Hour() >= 15 && w.unheard == 0 {
				v = w.closeTheDoor(v)
			}
			w.answer(v, w.share())
			if day == 4 && at.In(gateway.London()).Hour() == 13 {
				w.loseTheDiaries(v)
			}
		}
	}
	w.answer(v, w.size.replies-w.count())
	w.check(v)
	v.stop()
}

func newWeek(t *testing.T) *week {
	w := &week{scene: newScene(t, "fhir", weekBegins), size: sizeOfWeek(), luck: rand.New(rand.NewPCG(5, 2026)), stopped: map[string]stretch{}, said: map[string]int{}}
	w.two = [2]*weekPractice{
		{Practice: gateway.Practice{ODS: "A81001", Name: "Riverside Surgery", Phone: "01632 960001", Nation: gateway.England, Sender: sceneSender}, diary: w.diary, sim: w.fhir, first: 10}, // the senders have numbers below
		{Practice: gateway.Practice{ODS: "W97001", Name: "Meddygfa Glan yr Afon", Phone: "01632 960002", Nation: gateway.Wales, Sender: "+447700900002"}, diary: surgery.New(w.clock), first: 510},
	}
	w.two[1].sim = fhirsim.New(w.two[1].diary, w.clock)
	w.twilio.AddSender(twiliosim.Sender{Number: w.two[1].Sender, InboundURL: w.public.url + "/twilio/inbound"})
	sections := ""
	for _, p := range w.two {
		sections += fmt.Sprintf("  - {ods: %s, name: %s, phone: %q, nation: %s, sender: %q, poll: \"@every 1s\", source: {type: fhir, base_url: %s%s, auth: {type: none}}}\n",
			p.ODS, p.Name, p.Phone, p.Nation, p.Sender, w.host(p.sim), fhirsim.Base)
		w.book(p)
	}
	b, err := os.ReadFile(w.path("bellman.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(b), "practices:\n")
	w.write("bellman.yaml", head+"practices:\n"+sections)
	return w
}

// book fills a diary: patients of two visits each, in every way of meeting that FHIR
// tells, from the second day of the week until the week after.
func (w *week) book(p *weekPractice) {
	modes := []gateway.Mode{gateway.ModeInPerson, gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeUnknown}
	days := []int{23, 26, 27, 28, 29, 30, 31, 33, 34}
	n := w.size.visits / 4
	for i := range n {
		person := p.diary.Register(surgery.Person{
			Given: "Mair", Family: "Holt", NHSNumber: "9990000018", Mobile: fmt.Sprintf("07700 900%03d", p.first+i%490),
			Born: time.Date(1940+i%60, 1, 2, 0, 0, 0, 0, time.UTC),
		})
		for k := range 2 {
			at := london(time.October, 1, 9+(i+k)%8, 5*(i%12)).In(gateway.London()).AddDate(0, 0, days[(i+5*k)%len(days)]-1).UTC()
			p.diary.Book(surgery.Visit{Person: person, Start: at, Site: 5, Mode: modes[(i+k)%len(modes)]})
		}
	}
}

// moments gives when the test looks round on a day: through the hours, and after.
func (w *week) moments(day int) []time.Time {
	begin := weekBegins.In(gateway.London()).AddDate(0, 0, day)
	var out []time.Time
	for at := begin.Add(35 * time.Minute); at.Hour() < 18; at = at.Add(w.size.step) {
		out = append(out, at)
	}
	return append(out, begin.Add(14*time.Hour))
}

func (w *week) count() int {
	n := 0
	for _, k := range w.said {
		n += k
	}
	return n
}

// share is how many replies are written at one moment.
func (w *week) share() int {
	return min(w.size.replies/(weekDays*len(w.moments(0))), w.size.replies-w.count())
}

// come sets the clock, and waits until both diaries are read and what is due has
// gone. What was held for want of a fresh read is looked at again a minute later.
func (w *week) come(v *serving, at time.Time) {
	w.t.Helper()
	v.quiet() // no jump over a text that is just leaving
	w.clock.set(at.Add(-2 * time.Minute))
	v.fresh()
	v.quiet()
	w.clock.set(at)
	v.await("what was due has gone", func() string {
		now, late := w.clock.Now(), 0
		var rows []queueLine
		w.ask(&rows, "queue")
		for _, r := range rows {
			due, err := time.Parse(time.RFC3339, r.Due)
			if r.Reason == "feed_stale" || err == nil && r.State == "queued" && !due.After(now) && w.open(now) {
				late++
			}
		}
		if late > 0 {
			return fmt.Sprintf("%d are due and wait", late)
		}
		return ""
	})
	v.quiet()
}

func (w *week) open(now time.Time) bool {
	h := gateway.Hours{Days: [7]bool{false, true, true, true, true, true, false}, From: 8 * 60, To: 18 * 60}
	return h.Open(now, gateway.England)
}

// answer lets patients write.
func (w *week) answer(v *serving, n int) {
	w.t.Helper()
	for range n {
		p := w.two[w.luck.IntN(2)]
		number := fmt.Sprintf("+447700900%03d", p.first+w.luck.IntN(min(490, w.size.visits/4)))
		f := w.phrase()
		got := w.twilio.Reply(w.t.Context(), number, p.Sender, f.words)
		if got.Status != http.StatusOK {
			w.t.Fatalf("a reply that means %s was answered with %d\n%s", f.means, got.Status, v.log)
		}
		w.note(p, number, f, w.clock.Now())
	}
}

func (w *week) phrase() phrase {
	n := w.luck.IntN(100)
	for _, f := range phrases {
		if n -= f.times; n < 0 {
			return f
		}
	}
	return phrases[0]
}

// note remembers what a reply means for the texts to come.
func (w *week) note(p *weekPractice, number string, f phrase, at time.Time) {
	w.said[f.means]++
	key := string(p.ODS) + number
	s := w.stopped[key]
	open := len(s) > 0 && s[len(s)-1].to.IsZero()
	switch {
	case f.means == "stop" && !open:
		w.stopped[key] = append(s, struct{ from, to time.Time }{from: at})
	case f.means == "start" && open:
		s[len(s)-1].to = at
	}
}

// closeTheDoor stops the whole service for a while, in which patients write.
// Twilio gives up on each of those texts; they stand only in its list.
func (w *week) closeTheDoor(v *serving) *serving {
	w.t.Helper()
	w.counted = int(v.metric("bellman_replies_total"))
	v.stop()
	for range max(5, w.size.replies/30) {
		p := w.two[w.luck.IntN(2)]
		number := fmt.Sprintf("+447700900%03d", p.first+w.luck.IntN(min(490, w.size.visits/4)))
		f := w.phrase()
		if got := w.twilio.Reply(w.t.Context(), number, p.Sender, f.words); got.Status == http.StatusOK {
			w.t.Fatal("somebody answered at a closed door")
		}
		w.note(p, number, f, w.clock.Now())
		w.unheard++
	}
	w.clock.set(w.clock.Now().Add(2 * time.Minute))
	v = w.serve()
	v.await("what was written meanwhile has been found", func() string {
		if n := int(v.metric("bellman_replies_total")); n != w.unheard {
			return fmt.Sprintf("%d of %d", n, w.unheard)
		}
		return ""
	})
	return v
}

// loseTheDiaries lets the clinical systems fail for longer than a read is trusted,
// on an afternoon on which texts are due.
func (w *week) loseTheDiaries(v *serving) {
	w.t.Helper()
	w.asked.failing(func(r *http.Request) int {
		if strings.Contains(r.URL.Path, "/Appointment") {
			return http.StatusInternalServerError
		}
		return 0
	})
	was := count(w.reminders())
	w.clock.set(w.clock.Now().Add(100 * time.Minute))
	v.reads(4)
	if got := count(w.reminders()); got != was {
		w.t.Errorf("%d texts left on diaries that nobody could read", got-was)
	}
	w.asked.failing(func(*http.Request) int { return 0 })
}

// check looks at every phone.
func (w *week) check(v *serving) {
	w.t.Helper()
	texts, segments := 0, 0
	for _, p := range w.two {
		may := w.catalogue(p)
		for number, got := range w.reminders() {
			for _, text := range got {
				if text.From != p.Sender {
					continue
				}
				texts++
				_, n := message.Count(text.Body)
				segments += n
				if !slices.Contains(may[number], text.Body) {
					w.t.Errorf("%s: a phone got a text that is none of its visits': %q", p.ODS, text.Body)
				}
				if !w.open(text.At) {
					w.t.Errorf("%s: a text came at %s, outside the hours", p.ODS, text.At.In(gateway.London()))
				}
				for _, s := range w.stopped[string(p.ODS)+number] {
					if !text.At.Before(s.from) && (s.to.IsZero() || text.At.Before(s.to)) {
						w.t.Errorf("%s: a phone got a text at %s although its STOP was answered at %s", p.ODS, text.At, s.from)
					}
				}
			}
		}
	}
	if n := v.metric("bellman_unexplained"); n != 0 {
		w.t.Errorf("%v reminders cannot be explained", n)
	}
	if n := w.counted + int(v.metric("bellman_replies_total")); n != w.count() {
		w.t.Errorf("%d replies were taken, of %d that were written", n, w.count())
	}
	var unread []struct{ Kind string }
	w.ask(&unread, "replies")
	if want := w.said["other"] + w.said["cancel"]; len(unread) != want {
		w.t.Errorf("%d replies wait for a person, want %d", len(unread), want)
	}
	w.t.Logf("%d visits, %d replies (%v), %d of them written while the door was closed; %d reminders of %d segments came; %v numbers have opted out, %d replies wait for a person",
		w.size.visits, w.count(), w.said, w.unheard, texts, segments, v.metric("bellman_optouts"), len(unread))
}

// catalogue gives the words of every reminder that a phone may get.
func (w *week) catalogue(p *weekPractice) map[string][]string {
	out := map[string][]string{}
	for _, visit := range p.diary.Visits() {
		person, _ := p.diary.Person(visit.Person)
		text, _, err := message.Render(p.Practice, gateway.Appointment{Start: visit.Start.UTC(), Mode: visit.Mode}, visit.Start.AddDate(0, 0, -1))
		if err != nil {
			w.t.Fatal(err)
		}
		number := "+44" + strings.ReplaceAll(person.Mobile, " ", "")[1:]
		out[number] = append(out[number], text.Reveal())
	}
	return out
}
