package files_test

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// published is a published calendar and the adapter that asks for it.
type published struct {
	*files.Adapter
	sim   *filesim.Published
	clock *gatewaytest.Clock
	diary *surgery.Diary
	dir   string
}

func publish(t *testing.T) *published {
	t.Helper()
	p := &published{clock: gatewaytest.NewClock(monday), dir: t.TempDir()}
	p.diary = surgery.New(p.clock)
	surgery.Forty(p.diary, monday, 7)
	p.sim = filesim.NewPublished(p.diary, p.clock, filesim.Book{})
	server := httptest.NewServer(p.sim)
	t.Cleanup(server.Close)
	c := filesim.CalendarConfig(p.dir, filesim.Book{})
	c.Dir, c.Calendar.URL = "", gateway.NewSecret(server.URL+filesim.PublishedPath)
	a, err := files.New(c, gateway.Surroundings{Clock: p.clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	p.Adapter = a
	return p
}

func (p *published) read(t *testing.T) (gateway.Feed, error) {
	t.Helper()
	if err := filesim.WritePatients(p.dir, p.diary, p.clock.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	return p.Read(t.Context(), weeks)
}

func TestACalendarThatHasNotChangedIsNotSentAgainAndIsAsNewAsTheAnswer(t *testing.T) {
	p := publish(t)
	first, err := p.read(t)
	if err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Hour)
	second, err := p.read(t)
	if err != nil || p.sim.Calls(200) != 1 || p.sim.Calls(304) != 1 {
		t.Fatalf("%v, %d whole answers, %d that nothing is new", err, p.sim.Calls(200), p.sim.Calls(304))
	}
	if len(second.Appointments) != len(first.Appointments) || !second.Complete || !second.AsOf.Equal(p.clock.Now()) {
		t.Errorf("%d visits of %d, complete %t, as of %v", len(second.Appointments), len(first.Appointments), second.Complete, second.AsOf)
	}
	p.diary.Cancel(p.diary.Visits()[0].Slot)
	if third, err := p.read(t); err != nil || third.Appointments[0].Status != gateway.StatusCancelled {
		t.Errorf("a change is not seen: %v", err)
	}
}

func TestALogInPageOrASuddenEmptinessWithdrawsNothing(t *testing.T) {
	for name, f := range map[string]filesim.Faults{"a page": {Page: true}, "broken off": {Truncate: true}, "no longer there": {Status: 410}, "moved": {Status: 302}} {
		p := publish(t)
		if _, err := p.read(t); err != nil {
			t.Fatal(err)
		}
		p.clock.Advance(time.Hour)
		p.diary.Cancel(p.diary.Visits()[0].Slot) // so that the answer is another one
		p.sim.SetFaults(f)
		_, err := p.read(t)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		adaptertest.AssertQuiet(t, []string{filesim.PublishedPath, "3f9c2b7e51d84a06"}, err)
		p.sim.SetFaults(filesim.Faults{})
		if feed, err := p.read(t); err != nil || !feed.Complete {
			t.Errorf("%s: not read again once it is mended: %v", name, err)
		}
	}
	p := publish(t)
	p.sim.SetFaults(filesim.Faults{Empty: true})
	feed, err := p.read(t)
	if err != nil || feed.Complete || !strings.Contains(strings.Join(feed.Notes, "\n"), "not taken for an empty diary") {
		t.Errorf("an empty calendar: %v, complete %t", err, feed.Complete)
	}
}

func TestEveryRequestForACalendarIsCountedAndItsDateToldOn(t *testing.T) {
	p := publish(t)
	turns, dates := 0, 0
	c := filesim.CalendarConfig(p.dir, filesim.Book{})
	server := httptest.NewServer(p.sim)
	t.Cleanup(server.Close)
	c.Dir, c.Calendar.URL = "", gateway.NewSecret(server.URL+filesim.PublishedPath)
	env := gateway.Surroundings{
		Clock: p.clock, Trial: true, Turn: func(ctx context.Context) error { turns++; return ctx.Err() },
		Dated: func(date string) {
			if date != "" {
				dates++
			}
		},
	}
	a, err := files.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	p.Adapter = a
	for range 2 {
		if _, err := p.read(t); err != nil {
			t.Fatal(err)
		}
	}
	if turns != 2 || dates != 2 {
		t.Errorf("%d requests were counted of 2, and %d dates told", turns, dates)
	}
}

func TestTheOfficeExportsAnewAfterEveryChange(t *testing.T) {
	clock := gatewaytest.NewClock(monday)
	d := surgery.New(clock)
	surgery.Forty(d, monday, 7)
	dir := t.TempDir()
	office, err := filesim.NewOffice(dir, d, clock)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(office)
	t.Cleanup(server.Close)
	slot := d.Visits()[20].Slot
	orders := map[string]string{
		"csv": server.URL + "/sim/visits/" + strconv.Itoa(slot) + "/cancel", "xlsx": server.URL + "/sim/visits/" + strconv.Itoa(d.Visits()[21].Slot) + "/strike",
		"calendar": server.URL + "/sim/visits/" + strconv.Itoa(d.Visits()[22].Slot) + "/remove",
	}
	for _, order := range orders {
		res, err := server.Client().Post(order, "application/x-www-form-urlencoded", nil)
		if err != nil || res.StatusCode != 204 {
			t.Fatalf("%v, %v", err, res)
		}
		_ = res.Body.Close()
	}
	clock.Advance(3 * time.Second)
	for folder, c := range map[string]files.Config{
		"csv": filesim.Config(filepath.Join(dir, "csv")), "xlsx": filesim.SheetConfig(filepath.Join(dir, "xlsx")),
		"calendar": filesim.CalendarConfig(filepath.Join(dir, "calendar"), filesim.Book{}),
	} {
		a, err := files.New(c, gateway.Surroundings{Clock: clock, Trial: true})
		if err != nil {
			t.Fatal(err)
		}
		feed, err := a.Read(t.Context(), weeks)
		if err != nil || !feed.Complete {
			t.Fatalf("%s: %v, notes %q", folder, err, feed.Notes)
		}
		booked := 0
		for _, v := range feed.Appointments {
			if v.Status == gateway.StatusBooked {
				booked++
			}
		}
		if want := map[string]int{"csv": 39, "xlsx": 38, "calendar": 39}[folder]; booked != want {
			t.Errorf("%s: %d booked visits, want %d", folder, booked, want)
		}
	}
}

func TestTheOfficeTakesOrdersAndSaysWhichItCannotFollow(t *testing.T) {
	d := surgery.New(gatewaytest.NewClock(monday))
	person := d.Register(surgery.Person{Given: "Iona", Family: "Jessop", Mobile: "07700 900201"})
	slot := d.Book(surgery.Visit{Person: person, Start: monday.AddDate(0, 0, 2)})
	office, err := filesim.NewOffice(t.TempDir(), d, gatewaytest.NewClock(monday))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(office)
	t.Cleanup(server.Close)
	visit, other := "/sim/visits/"+strconv.Itoa(slot), "/sim/visits/7"
	for _, order := range []struct {
		path, form string
		want       int
	}{
		{visit + "/status", "word=Late+cancellation", 204}, {visit + "/hide", "", 204}, {visit + "/strike", "", 204},
		{visit + "/move", "start=2027-03-29T09:10:00Z", 204}, {visit + "/move", "start=soon", 400},
		{other + "/status", "word=Late+cancellation", 400}, {other + "/hide", "", 400}, {other + "/strike", "", 400}, {other + "/remove", "", 400},
		{"/sim/people/" + strconv.Itoa(person), "mobile=07700+900998", 204}, {"/sim/people/7", "mobile=07700+900998", 400},
		{"/sim/export", "", 204}, {"/sim/faults", `{"page": true}`, 204}, {"/sim/faults", `{"pages": true}`, 400}, {visit + "/dance", "", 404},
	} {
		res, err := server.Client().Post(server.URL+order.path, "application/x-www-form-urlencoded", strings.NewReader(order.form))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != order.want {
			t.Errorf("%s with %q: status %d, want %d", order.path, order.form, res.StatusCode, order.want)
		}
	}
	v, _ := d.Visit(slot)
	if p, _ := d.Person(person); p.Mobile != "07700 900998" || !v.Start.Equal(time.Date(2027, time.March, 29, 9, 10, 0, 0, time.UTC)) {
		t.Error("the diary is not as was ordered")
	}
}
