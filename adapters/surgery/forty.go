package surgery

import (
	"fmt"
	"time"

	"bellman/gateway"
)

// Case is one visit of the invented surgery and what Bellman must do about it
// when every reminder's time is still ahead.
type Case struct {
	Slot int
	What string         // "a landline in the mobile field"
	Why  gateway.Reason // gateway.None: a text is owed
}

// Forty fills a diary with a surgery of 40 booked patients on the working day
// that is days after now, with every kind of person that a reminder can go
// wrong for, and says what must become of each.
func Forty(d *Diary, now time.Time, days int) []Case {
	l := now.In(gateway.London()).AddDate(0, 0, days)
	for l.Weekday() == time.Saturday || l.Weekday() == time.Sunday || gateway.IsBankHoliday(l, gateway.England) {
		l = l.AddDate(0, 0, 1)
	}
	at := func(minute int) time.Time {
		t, _ := gateway.FromWall(l.Year(), l.Month(), l.Day(), 9, minute, 0)
		return t
	}
	odd := []struct {
		what string
		why  gateway.Reason
		edit func(*Person, *Visit)
	}{
		{"a landline in the mobile field", gateway.Landline, func(p *Person, _ *Visit) { p.Mobile = "01632 960 011" }},
		{"no mobile number", gateway.NoMobile, func(p *Person, _ *Visit) { p.Mobile = "" }},
		{"a note beside the number", gateway.MobileUnclear, func(p *Person, _ *Visit) { p.Mobile += " (wife)" }},
		{"two numbers in one field", gateway.MobileUnclear, func(p *Person, _ *Visit) { p.Mobile += " / 07700 900999" }},
		{"a foreign number", gateway.NotAMobile, func(p *Person, _ *Visit) { p.Mobile = "+33 6 12 34 56 78" }},
		{"a personal number", gateway.NotAMobile, func(p *Person, _ *Visit) { p.Mobile = "070 1234 5678" }},
		{"a patient who has died", gateway.Deceased, func(p *Person, _ *Visit) { p.Died = now.AddDate(0, 0, -2) }},
		{"a patient who has left", gateway.LeftPractice, func(p *Person, _ *Visit) { p.Deducted = now.AddDate(0, 0, -9) }},
		{"a number with brackets and country code", gateway.None, func(p *Person, _ *Visit) { p.Mobile = "+44 (0)" + p.Mobile[1:] }},
		{"a number with 0044", gateway.None, func(p *Person, _ *Visit) { p.Mobile = "0044" + p.Mobile[1:] }},
		{"a visit by telephone", gateway.None, func(_ *Person, v *Visit) { v.Mode = gateway.ModeTelephone }},
	}
	var cases []Case
	for i := range 40 {
		p := Person{
			Title: []string{"Ms", "Mr", "Mrs", "Dr"}[i%4], Given: given[i%len(given)], Family: family[i*7%len(family)],
			NHSNumber: NHSNumber(i), Born: time.Date(1931+i*2, time.Month(1+i%12), 1+i%28, 0, 0, 0, 0, time.UTC),
			Mobile: fmt.Sprintf("07700 900%03d", 100+i), Home: fmt.Sprintf("01632 960%03d", 100+i),
		}
		v := Visit{Start: at(i * 10), Site: 5, Mode: gateway.ModeInPerson}
		c := Case{What: "an ordinary visit"}
		if i < len(odd) {
			odd[i].edit(&p, &v)
			c.What, c.Why = odd[i].what, odd[i].why
		}
		v.Person = d.Register(p)
		c.Slot = d.Book(v)
		cases = append(cases, c)
	}
	last := cases[len(cases)-1].Slot
	v, _ := d.Visit(last)
	second := d.Book(Visit{Person: v.Person, Start: v.Start.Add(20 * time.Minute), Site: v.Site, Mode: v.Mode})
	return append(cases, Case{Slot: second, What: "a second visit within the hour", Why: gateway.Merged})
}

var (
	given  = []string{"Ann", "Bilal", "Carys", "Dewi", "Efua", "Finlay", "Grace", "Huw", "Iona", "Jamal", "Kirsty", "Liam", "Mair", "Nia", "Owen", "Priya", "Rhys", "Siân", "Tomos", "Zoë"}
	family = []string{"Ashdown", "Beckford", "Cadwallader", "Dunmore", "Ellwood", "Farrow", "Garside", "Holt", "Imrie", "Jessop", "Kerr", "Lovell", "Muir"}
)

// NHSNumber makes a number of the test range (999...) with a right check digit.
func NHSNumber(i int) string {
	for n := i * 13; ; n++ {
		s := fmt.Sprintf("999%06d", n%1000000)
		sum := 0
		for k := range 9 {
			sum += int(s[k]-'0') * (10 - k)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return s + fmt.Sprint(check)
		}
		n += 1000
	}
}
