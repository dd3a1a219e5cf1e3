package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// world is all that is around Bellman: surgeries with their diaries, patients'
// phones, Twilio. It remembers what was true when.
type world struct {
	o         Options
	timing    timing
	dir       string
	redis     string
	chance    *rand.Rand
	twilio    *twiliosim.Sim
	api       *httptest.Server
	front     *front
	practices []*practice
	began     time.Time
	over      atomic.Bool
	changes   map[string]int
	mu        sync.Mutex // guards what practices remember
}

// practice is one surgery.
type practice struct {
	ods, sender, name string
	diary             *surgery.Diary
	dir               string           // of its exports; "" when it is asked over FHIR
	server            *httptest.Server // that answers for it over FHIR
	planned           []*visit         // to be booked, by time of booking
	visits            map[int]*visit   // booked, by slot
	numbers           int              // handed out
	stopped           map[string]time.Time
	silenced          map[string]bool // said STOP while nobody was there to hear it
}

// visit is one appointment and what was true of it, in order.
type visit struct {
	slot, person int
	book         time.Time
	start        time.Time
	was          []truth
}

// truth is what an appointment looked like from a moment on.
type truth struct {
	from   time.Time
	start  time.Time
	booked bool
	alive  bool
	mobile string // as E.164
}

func (v *visit) now() truth { return v.was[len(v.was)-1] }

var givenNames = []string{"Efua", "Huw", "Siân", "Tariq", "Olwen", "Marek", "Ffion", "Ngozi", "Iain", "Aoife"}

func clock() gateway.Clock { return gateway.ClockFunc(time.Now) }

func newWorld(o Options, dir, redis string) (*world, error) {
	w := &world{
		o: o, timing: o.timing(), dir: dir, redis: redis, chance: rand.New(rand.NewPCG(o.Seed, 0)),
		twilio: twiliosim.New(twiliosim.Options{Clock: clock(), Seed: o.Seed, Pace: twiliosim.Pace{Queue: 20 * time.Millisecond, Network: 50 * time.Millisecond, Receipt: 200 * time.Millisecond}}),
		front:  newFront(), changes: map[string]int{},
	}
	w.api = httptest.NewServer(w.twilio)
	err := w.twilio.SetRates(map[twiliosim.Fault]float64{
		twiliosim.TakenClosed: o.Lose * 0.3, twiliosim.ErrorTaken: o.Lose * 0.1, twiliosim.Truncated: o.Lose * 0.1, twiliosim.EmptyObject: o.Lose * 0.1,
		twiliosim.TakenHung: o.Lose * 0.05, twiliosim.ErrorLost: o.Lose * 0.1, twiliosim.ClosedUnread: o.Lose * 0.1, twiliosim.Unavailable: o.Lose * 0.1, twiliosim.TooMany: o.Lose * 0.05,
	})
	if err != nil {
		return nil, err
	}
	w.twilio.SetMischief(twiliosim.Mischief{Lost: o.Lose, Doubled: 0.05, Shuffled: 0.05, Early: 0.05})
	if err := os.WriteFile(filepath.Join(dir, "twilio.token"), []byte(twiliosim.DefaultToken), 0o600); err != nil {
		return nil, err
	}
	for i := range o.Practices {
		p, err := w.newPractice(i)
		if err != nil {
			return nil, err
		}
		w.practices = append(w.practices, p)
		w.twilio.AddSender(twiliosim.Sender{Number: p.sender, InboundURL: w.front.URL + "/twilio/inbound"})
	}
	return w, nil
}

// newPractice invents a surgery. Every fifth is asked over FHIR, where Bellman
// looks at each appointment again before it texts; the others drop files.
func (w *world) newPractice(i int) (*practice, error) {
	p := &practice{
		ods: fmt.Sprintf("B%05d", i), sender: fmt.Sprintf("+447700900%03d", i), name: fmt.Sprintf("Surgery Number %d", i),
		diary: surgery.New(clock()), visits: map[int]*visit{}, stopped: map[string]time.Time{}, silenced: map[string]bool{},
	}
	if i%5 == 0 {
		p.server = httptest.NewServer(fhirsim.New(p.diary, clock()))
		return p, nil
	}
	p.dir = filepath.Join(w.dir, "export-"+p.ods)
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		return nil, err
	}
	return p, filesim.Write(p.dir, p.diary, time.Now())
}

// close ends everything that was simulated.
func (w *world) close() {
	w.front.Close()
	w.api.Close()
	w.twilio.Close()
	for _, p := range w.practices {
		if p.server != nil {
			p.server.Close()
		}
	}
}

const head = `mode: sim
allow_numbers: ["+447700900*"]
public_url: %s
listen: {public: "%s", staff: "%s", ops: "%s"}
redis: {url: "unix://%s"}
keys: {file: ./bellman.keys}
optouts: {journal: ./optouts.journal}
provider: twilio
twilio: {account_sid: %s, auth_token_file: ./twilio.token, base_url: %s, max_per_second: 1000, settle: 2s, timeout: 2s}
policy:
  reminders: [{before: %s}, {before: %s}]
  window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", bank_holidays: true}
  latest: %s
  stale_after: 1m
practices:
`

const filesSource = `{type: files, dir: %s, date_format: DD/MM/YYYY, columns: {id: Appointment ID, patient_id: Patient ID, given_name: First Name, nhs_number: NHS Number, mobile: Mobile, date: Date, time: Time, status: Status, site: Location, mode: Type, permission: SMS permission, deceased: Date of death, left: Date left}}`

// config is bellman.yaml for one replica.
func (w *world) config(public, staff, ops string) string {
	var b strings.Builder
	minutes := func(d time.Duration) string { return fmt.Sprintf("%.0fm", d.Minutes()) }
	fmt.Fprintf(&b, head, w.front.URL, public, staff, ops, w.redis, twiliosim.DefaultAccount, w.api.URL,
		minutes(w.timing.rules[0]), minutes(w.timing.rules[1]), fmt.Sprintf("%.0fs", w.timing.latest.Seconds()))
	for _, p := range w.practices {
		source := ""
		if p.server != nil {
			source = fmt.Sprintf("{type: fhir, base_url: %s%s, auth: {type: none}}", p.server.URL, fhirsim.Base)
		} else {
			source = fmt.Sprintf(filesSource, p.dir)
		}
		fmt.Fprintf(&b, "  - {ods: %s, name: %s, phone: \"01632 960001\", nation: england, sender: \"%s\", poll: \"@every 2s\", source: %s}\n", p.ods, p.name, p.sender, source)
	}
	return b.String()
}

// begin plans who will book what, and starts the clock.
func (w *world) begin() {
	w.began = time.Now()
	each := w.o.Reminders / len(w.timing.rules) / len(w.practices)
	for _, p := range w.practices {
		for range each {
			due := w.began.Add(w.timing.first + within(w.chance, w.timing.spread))
			start := due.Add(w.timing.rules[0]).Truncate(time.Second)
			if p.dir != "" {
				start = start.Truncate(time.Minute).Add(time.Minute) // as exports write it
			}
			p.planned = append(p.planned, &visit{start: start, book: start.Add(-w.timing.rules[0] - w.timing.booked + within(w.chance, 5*time.Second))})
		}
	}
}

func (w *world) stop() { w.over.Store(true) }

// live books, changes, exports and replies until the story is over.
func (w *world) live(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	seen := 0
	var replies sync.WaitGroup
	defer replies.Wait()
	for turn := 0; !w.over.Load() && ctx.Err() == nil; turn++ {
		now := time.Now()
		changing := now.Before(w.began.Add(w.timing.busy()))
		for _, p := range w.practices {
			changed := w.bookings(p, now)
			if changing && w.change(p, now) {
				changed = true
			}
			if p.dir != "" && (changed || turn%20 == 0) {
				_ = filesim.Write(p.dir, p.diary, time.Now())
			}
		}
		if changing {
			taken := w.twilio.Taken()
			for _, t := range taken[seen:] {
				if w.chance.Float64() < 0.02 {
					replies.Go(func() { w.reply(ctx, t.To, t.From) })
				}
			}
			seen = len(taken)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// bookings enters what is booked by now, and takes out what is over.
func (w *world) bookings(p *practice, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := false
	left := p.planned[:0]
	for _, v := range p.planned {
		if v.book.After(now) {
			left = append(left, v)
			continue
		}
		w.book(p, v, now)
		changed = true
	}
	p.planned = left
	for slot, v := range p.visits {
		if v.now().start.Before(now.Add(-30 * time.Second)) {
			p.diary.Remove(slot)
		}
	}
	return changed
}

func (w *world) book(p *practice, v *visit, now time.Time) {
	number := p.number()
	v.person = p.diary.Register(surgery.Person{Given: givenNames[v.slot%len(givenNames)], Family: "Invented", Mobile: number, Born: time.Date(1950, 5, 17, 0, 0, 0, 0, time.UTC)})
	v.slot = p.diary.Book(surgery.Visit{Person: v.person, Start: v.start, Minutes: 10, Site: 5, Mode: gateway.ModeInPerson, Status: gateway.StatusBooked})
	v.was = append(v.was, truth{from: now, start: v.start, booked: true, alive: true, mobile: international(number)})
	p.visits[v.slot] = v
}

// number gives a number that nobody else of this practice has, as it is typed. The first
// fifty of Ofcom's thousand are the practices' own.
func (p *practice) number() string {
	p.numbers++
	return fmt.Sprintf("07700 900%03d", 50+(p.numbers-1)%950)
}

func international(number string) string {
	return "+44" + strings.TrimPrefix(strings.ReplaceAll(number, " ", ""), "0")
}

// change does to a practice's diary, now and then, what happens in surgeries.
func (w *world) change(p *practice, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := false
	for slot, v := range p.visits {
		is := v.now()
		if !is.booked || !is.alive || is.start.Before(now.Add(w.timing.latest)) || w.chance.Float64() > 0.0006 {
			continue
		}
		is.from = now
		switch kind := w.chance.IntN(10); {
		case kind < 3:
			is.booked = !p.diary.Cancel(slot)
			w.changes["cancelled"]++
		case kind < 7:
			by := time.Duration(1+w.chance.IntN(3)) * time.Minute
			if w.chance.IntN(3) == 0 && is.start.Add(-by).After(now.Add(w.timing.latest)) {
				by = -by
			}
			is.start = is.start.Add(by)
			p.diary.Move(slot, is.start)
			w.changes["moved"]++
		case kind < 9:
			number := p.number()
			if p.numbers > 940 {
				continue
			}
			p.diary.Edit(v.person, func(who *surgery.Person) { who.Mobile = number })
			is.mobile = international(number)
			w.changes["number changed"]++
		default:
			p.diary.Edit(v.person, func(who *surgery.Person) { who.Died = now.Add(-24 * time.Hour) })
			is.alive = false
			w.changes["died"]++
		}
		v.was = append(v.was, is)
		changed = true
	}
	return changed
}

// reply plays a patient who wants no more texts, in words that the provider does
// not act on itself: it would hide our own mistakes.
func (w *world) reply(ctx context.Context, from, to string) {
	if !gateway.Wait(ctx, 300*time.Millisecond) {
		return
	}
	answer := w.twilio.Reply(ctx, from, to, "please stop texting me")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.practices {
		if p.sender != to {
			continue
		}
		if answer.Status/100 == 2 {
			if p.stopped[from].IsZero() {
				p.stopped[from] = time.Now()
			}
			w.changes["said stop"]++
		} else {
			p.silenced[from] = true
			w.changes["said stop, nobody there"]++
		}
	}
}
