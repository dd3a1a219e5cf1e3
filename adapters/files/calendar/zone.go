package calendar

import (
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"bellman/gateway"
)

// moment is a time as a calendar writes it: what the clock on the wall shows, and
// where the wall is. Of a whole day only the date counts.
type moment struct {
	wall time.Time // in UTC, whatever zone is meant
	zone *time.Location
	day  bool
}

// placed gives the instant.
func (m moment) placed() (time.Time, gateway.Doubt) {
	w := m.wall
	switch m.zone {
	case time.UTC:
		return w, gateway.NoDoubt
	case gateway.London():
		return gateway.FromWall(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second())
	}
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, m.zone)
	if t.Hour() != w.Hour() || t.Minute() != w.Minute() {
		return t.UTC(), gateway.TimeMissing
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour} {
		if o := t.Add(d); o.Hour() == w.Hour() && o.Minute() == w.Minute() {
			return t.UTC(), gateway.TimeAmbiguous
		}
	}
	return t.UTC(), gateway.NoDoubt
}

// zones knows the time zones of one calendar by their names.
type zones struct {
	plain *time.Location // of times that name no zone
	own   map[string]*time.Location
}

// british are the names by which programs mean the clocks of these islands, besides
// those of the zone database. Outlook's "GMT Standard Time" has summer time.
var british = map[string]bool{
	"europe/london": true, "gb": true, "gb-eire": true, "europe/belfast": true, "europe/dublin": true, "eire": true,
	"europe/jersey": true, "europe/guernsey": true, "europe/isle_of_man": true, "gmt standard time": true,
	"(utc+00:00) dublin, edinburgh, lisbon, london": true, "(gmt) greenwich mean time : dublin, edinburgh, lisbon, london": true,
	"(utc) dublin, edinburgh, lisbon, london": true, "(gmt+00:00) dublin, edinburgh, lisbon, london": true,
}

// elsewhere are the names that Windows gives to zones of the database (Unicode
// CLDR, windowsZones): those in which people with a UK practice are most often.
var elsewhere = map[string]string{
	"utc": "UTC", "etc/utc": "UTC", "etc/gmt": "UTC", "z": "UTC", "greenwich standard time": "Atlantic/Reykjavik",
	"w. europe standard time": "Europe/Berlin", "romance standard time": "Europe/Paris",
	"central europe standard time": "Europe/Budapest", "central european standard time": "Europe/Warsaw",
	"gtb standard time": "Europe/Bucharest", "fle standard time": "Europe/Kiev", "eastern standard time": "America/New_York",
}

// zonesOf reads the time zones that a calendar describes itself.
func zonesOf(blocks []block, plain *time.Location) zones {
	z := zones{plain: plain, own: map[string]*time.Location{}}
	for _, b := range blocks {
		props, ok := taken(block{lines: b.lines})
		if !ok {
			continue
		}
		if id := strings.ToLower(strings.Trim(text(props, "TZID"), "/ ")); likeLondon(b) {
			z.own[id] = gateway.London()
		}
	}
	return z
}

// likeLondon reports whether a time zone that a calendar describes has our clocks:
// Greenwich time in winter, an hour more from the last Sunday of March to that of
// October.
func likeLondon(b block) bool {
	winter, summer := false, false
	for _, inner := range b.inner {
		props, ok := taken(block{lines: inner.lines})
		if !ok {
			return false
		}
		offset := strings.TrimSpace(text(props, "TZOFFSETTO"))
		rule := ";" + strings.ToUpper(text(props, "RRULE")) + ";"
		lastSunday := func(month string) bool {
			return strings.Contains(rule, ";BYMONTH="+month+";") && strings.Contains(rule, ";BYDAY=-1SU;")
		}
		switch {
		case inner.name == "STANDARD" && offset == "+0000" && lastSunday("10"):
			winter = true
		case inner.name == "DAYLIGHT" && offset == "+0100" && lastSunday("3"):
			summer = true
		default:
			return false
		}
	}
	return winter && summer
}

// zone finds a time zone by its name: by the names that everybody knows, then by
// what the calendar itself says of it. A name alone, such as GMT, may be meant with
// or without summer time.
func (z zones) zone(name string) *time.Location {
	name = strings.Trim(name, "/ \"")
	low := strings.ToLower(name)
	if british[low] {
		return gateway.London()
	}
	if own := z.own[low]; own != nil {
		return own
	}
	if known := elsewhere[low]; known != "" {
		name = known
	}
	if name == "UTC" {
		return time.UTC
	}
	if strings.HasPrefix(low, "etc/") || !strings.Contains(name, "/") {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return loc
}

var (
	wallForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z?$`)
	dayForm  = regexp.MustCompile(`^[0-9]{8}$`)
)

// moment reads one time of a property.
func (z zones) moment(p ical.Prop, value string) (moment, string) {
	value = strings.TrimSpace(value)
	kind := strings.ToUpper(p.Params.Get("VALUE"))
	switch {
	case dayForm.MatchString(value) && (kind == "" || kind == "DATE"):
		day, err := time.Parse("20060102", value)
		if err != nil {
			return moment{}, "a date of it is not in the calendar"
		}
		return moment{wall: day, zone: z.plain, day: true}, ""
	case !wallForm.MatchString(value) || kind == "DATE":
		return moment{}, "a time of it is not one such as 20261123T091000"
	}
	wall, err := time.Parse("20060102T150405", strings.TrimSuffix(value, "Z"))
	if err != nil || wall.Year() < 1970 || wall.Year() > 2200 {
		return moment{}, "a time of it is not on the clock or in the calendar"
	}
	m := moment{wall: wall, zone: z.plain}
	switch name := p.Params.Get("TZID"); {
	case strings.HasSuffix(value, "Z"):
		m.zone = time.UTC
	case name != "":
		m.zone = z.zone(name)
	}
	if m.zone == nil {
		return moment{}, "a time of it is in a time zone that is not known here"
	}
	return m, ""
}
