package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/message"
)

// weekPractice is one of the two.
type weekPractice struct {
	gateway.Practice        // ODS, Sender and Nation
	section          string // of bellman.yaml
	diary            *surgery.Diary
	first            int // of its patients' numbers
	weekdays         [7]bool
	from, to         int // its hours
	mostADay         int
	modes            []gateway.Mode
	days             []int // of its visits, as days of October
	// phases are the practice as it was configured, before and since the service was
	// started anew.
	phases []gateway.Practice
	called map[int]string // by person: the name that a text may greet by
}

// weekPoll is how often diaries are read besides: each time that the clock is set
// they are read at once.
const weekPoll = `"@every 10s"`

// england has all that texts may say and do switched on.
func (w *week) england() *weekPractice {
	p := &weekPractice{
		Practice: gateway.Practice{ODS: "A81001", Nation: gateway.England, Sender: sceneSender}, diary: w.diary, first: 10, // the senders have numbers below
		weekdays: [7]bool{false, true, true, true, true, true, false}, from: 8, to: 18, mostADay: 1,
		modes:  []gateway.Mode{gateway.ModeInPerson, gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeHomeVisit, gateway.ModeUnknown},
		days:   []int{23, 26, 27, 28, 29, 30, 31, 33, 34},
		called: map[int]string{},
	}
	b, err := os.ReadFile(w.path("bellman.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	_, source, _ := strings.Cut(string(b), "source: ")
	p.section = fmt.Sprintf(`  - ods: %s
    name: Riverside Surgery
    phone: "01632 960001"
    nation: england
    sender: %q
    poll: %s
    max_requests: 6000
    writes: {cancellations: "A. Manager"}
    policy:
      reminders: [{before: 7d, closed: earlier}, {before: 2d, closed: drop}, {before: 1d, closed: later}]
      first_name: true
      family: true
      cancel_by_text: true
      sites: {"5": Quay Branch, "6": "Canolfan Tŷ'r Môr"}
      accents: keep
      max_per_day: %d
      cancel: {automatic: true, at_least: 2h}
    source: %s
`, p.ODS, p.Sender, weekPoll, p.mostADay, strings.TrimSpace(source))
	return p
}

// wales says nothing of its own but its hours, which hold the day on which the clocks
// change.
func (w *week) wales() *weekPractice {
	p := &weekPractice{
		Practice: gateway.Practice{ODS: "W97001", Nation: gateway.Wales, Sender: "+447700900002"}, diary: surgery.New(w.clock), first: 510,
		weekdays: [7]bool{true, true, true, true, true, true, true}, from: 8, to: 20,
		modes:  []gateway.Mode{gateway.ModeInPerson, gateway.ModeInPerson, gateway.ModeTelephone, gateway.ModeVideo, gateway.ModeUnknown},
		days:   []int{23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34},
		called: map[int]string{},
	}
	p.section = fmt.Sprintf(`  - ods: %s
    name: Meddygfa Tŷ Gwyn
    phone: "01632 960002"
    nation: wales
    sender: %q
    poll: %s
    max_requests: 6000
    policy:
      window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "08:00", to: "20:00"}
    source: {type: fhir, base_url: %s%s, auth: {type: none}}
`, p.ODS, p.Sender, weekPoll, w.host(fhirsim.New(p.diary, w.clock)), fhirsim.Base)
	return p
}

// configured reads a practice as the service does.
func (w *week) configured(p gateway.ODS) gateway.Practice {
	w.t.Helper()
	cfg, err := configs.Load(w.path("bellman.yaml"), os.LookupEnv)
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(cfg.Practices, func(c configs.Practice) bool { return c.ODS == p })
	return cfg.Practices[i].Practice
}

// phase gives the practice as it was configured at a moment.
func (w *week) phase(p *weekPractice, at time.Time) gateway.Practice {
	if w.opened.IsZero() || at.Before(w.opened) {
		return p.phases[0]
	}
	return p.phases[1]
}

func (w *week) practice(p gateway.ODS) *weekPractice {
	if p == w.two[0].ODS {
		return w.two[0]
	}
	return w.two[1]
}

// of gives the practice that a sender belongs to.
func (w *week) of(sender string) *weekPractice {
	if sender == w.two[0].Sender {
		return w.two[0]
	}
	return w.two[1]
}

// weekNames are what receptionists type as a first name, and by what a text greets.
var weekNames = []struct{ typed, called string }{
	{"Mair", "Mair"}, {"Siân", "Siân"}, {"ZOË", "Zoë"}, {"Llŷr", "Llŷr"}, {"Łukasz", "Łukasz"}, {"jo-ann", "Jo-Ann"}, {"D'Arcy", "D'Arcy"},
	{"Gwenllian-Angharad", "Gwenllian-Angharad"}, {"Wwwwwwwwwwwwwwwwŵŵŵŵ", "Wwwwwwwwwwwwwwwwŵŵŵŵ"}, {"Maximilian-Alexander-John", ""},
	{"Renée", "Renée"}, {"J", ""}, {"Mrs", ""}, {"Baby", ""}, {"محمد", ""}, {"Ann2", ""}, {"Ewa", "Ewa"},
}

// book fills a diary: patients of two visits each, in every way of meeting that the
// system tells, from the second day of the week until the week after, also before and
// after the practice's hours. Among them are children, families on one phone,
// somebody who has died, and numbers that cannot be texted.
func (w *week) book(p *weekPractice) {
	sites := []int{5, 6, 7}
	for i := range w.size.visits / 4 {
		name := weekNames[i%len(weekNames)]
		person := surgery.Person{
			Given: name.typed, Family: "Holt", NHSNumber: surgery.NHSNumber(i), Mobile: fmt.Sprintf("07700 900%03d", p.first+i%490),
			Born: time.Date(1940+i%60, 1, 2, 0, 0, 0, 0, time.UTC),
		}
		switch i % 20 {
		case 2:
			person.Language = "cy"
		case 4:
			person.Language = "pl"
		case 6: // of a family
			person.Mobile = fmt.Sprintf("07700 900%03d", p.first+(i-1)%490)
		case 9: // a child
			person.Born, name.called = time.Date(2018, 5, 6, 0, 0, 0, 0, time.UTC), ""
		case 13: // young, on a parent's phone
			person.Born = time.Date(2009, 12, 30, 0, 0, 0, 0, time.UTC)
			person.Mobile = fmt.Sprintf("07700 900%03d", p.first+(i-1)%490)
		case 16:
			person.Mobile = "01632 960 011"
		case 19:
			person.Died = weekBegins.AddDate(0, 0, -3)
		}
		id := p.diary.Register(person)
		p.called[id] = name.called
		for k := range 2 {
			minute := 7*60 + 50 + (i*37+k*11)%128*5
			day := p.days[(i+5*k)%len(p.days)]
			at := time.Date(2026, time.October, day, minute/60, minute%60, 0, 0, gateway.London()).UTC()
			p.diary.Book(surgery.Visit{Person: id, Start: at, Site: sites[(i+k)%len(sites)], Mode: p.modes[(i+k)%len(p.modes)]})
			if i%15 == 4 && k == 0 { // and to the nurse, twenty minutes later
				p.diary.Book(surgery.Visit{Person: id, Start: at.Add(20 * time.Minute), Site: sites[i%len(sites)], Mode: p.modes[i%len(p.modes)]})
			}
		}
	}
}

// number gives the phone of who is booked in a slot, "" for none that can be texted.
func (p *weekPractice) number(slot int) string {
	visit, _ := p.diary.Visit(slot)
	person, _ := p.diary.Person(visit.Person)
	if digits, ok := strings.CutPrefix(strings.ReplaceAll(person.Mobile, " ", ""), "07"); ok {
		return "+447" + digits
	}
	return ""
}

// open reports whether the practice's hours hold a moment, by the clock in London.
func (p *weekPractice) open(at time.Time) bool {
	l := at.In(gateway.London())
	return p.weekdays[l.Weekday()] && l.Hour() >= p.from && l.Hour() < p.to
}

// words gives the text about a visit, as the catalogue has it for this patient.
func (w *week) words(p *weekPractice, v surgery.Visit, at time.Time) string {
	w.t.Helper()
	a := gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprintf("%d-%d", v.Slot, v.Person)), Start: v.Start.UTC(), Mode: v.Mode, Site: fmt.Sprint(v.Site),
	}
	a.Patient.Greeting = gateway.NewName(p.called[v.Person])
	if person, _ := p.diary.Person(v.Person); person.Language == "cy" {
		a.Patient.Language = gateway.LanguageWelsh
	}
	text, _, err := message.Render(w.phase(p, at), a, at)
	if err != nil {
		w.t.Fatal(err)
	}
	return text.Reveal()
}
