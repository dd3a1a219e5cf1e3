package fhirsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// query is a search under way.
type query struct {
	values  url.Values
	page    int // from 1
	ignored []string
}

// known are the parameters that this server understands.
var known = []string{"date", "status", "patient", "location", "practitioner", "_id", "_include", "_count", "_sort", "_lastUpdated"}

func (s *Sim) searchAppointments(w http.ResponseWriter, r *http.Request) {
	s.search(w, r, query{values: r.URL.Query(), page: 1})
}

// nextPage answers the opaque links that a search gives out.
func (s *Sim) nextPage(w http.ResponseWriter, r *http.Request) {
	raw, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("_getpages"))
	number, rest, ok := strings.Cut(string(raw), "|")
	page, errPage := strconv.Atoi(number)
	values, errQuery := url.ParseQuery(rest)
	if err != nil || !ok || errPage != nil || errQuery != nil || page < 1 {
		refuse(w, http.StatusGone, "not-found")
		return
	}
	s.search(w, r, query{values: values, page: page})
}

// search writes one page of the answer.
func (s *Sim) search(w http.ResponseWriter, r *http.Request, q query) {
	f := s.Faults()
	if f.FailPage == q.page {
		refuse(w, http.StatusInternalServerError, "exception")
		return
	}
	if s.speaks() == Millennium {
		if wrong := demands(q.values); wrong != "" {
			refuse(w, http.StatusBadRequest, wrong)
			return
		}
	}
	strict := strings.Contains(r.Header.Get("Prefer"), "handling=strict")
	for name := range q.values {
		if !slices.Contains(known, name) {
			q.ignored = append(q.ignored, name)
		}
	}
	if f.IgnoreParameters {
		q.ignored = append(q.ignored, "date", "status")
	}
	if strict && len(q.ignored) > 0 {
		refuse(w, http.StatusBadRequest, "not-supported")
		return
	}
	visits, err := s.matching(q, f)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid")
		return
	}
	size := defaultPage
	if n, err := strconv.Atoi(q.values.Get("_count")); err == nil && n > 0 {
		size = min(n, largestPage)
	}
	from := min((q.page-1)*size, len(visits))
	to := min(from+size, len(visits))
	bundle := s.bundle(r, q, f, visits[from:to])
	bundle["total"] = len(visits) + f.TotalOff
	bundle["link"] = links(r, q, f, to < len(visits))
	s.send(w, f, q.page, bundle)
}

// matching gives the visits that a search asks for, by start.
func (s *Sim) matching(q query, f Faults) ([]surgery.Visit, error) {
	if f.Empty {
		return nil, nil
	}
	dates, err := ranges(q.values["date"])
	if err != nil {
		return nil, err
	}
	changes, err := ranges(q.values["_lastUpdated"])
	if err != nil {
		return nil, err
	}
	if f.IgnoreParameters {
		dates, changes = nil, nil
	}
	within := func(spans []dateRange, t time.Time) bool {
		return !slices.ContainsFunc(spans, func(d dateRange) bool { return !d.has(t) })
	}
	wanted := func(name, value string) bool {
		given := q.values.Get(name)
		return given == "" || f.IgnoreParameters || slices.ContainsFunc(strings.Split(given, ","), func(v string) bool {
			return v == value || strings.HasSuffix(v, "/"+value)
		})
	}
	var out []surgery.Visit
	for _, v := range s.shown() {
		if wanted("_id", s.speaks().id(v)) && wanted("status", s.status(v)) && wanted("patient", strconv.Itoa(v.Person)) &&
			wanted("location", strconv.Itoa(v.Site)) && wanted("practitioner", "1") &&
			within(dates, v.Start) && within(changes, v.Changed) {
			out = append(out, v)
		}
	}
	return out, nil
}

// bundle shows a page of visits with what is to be included.
func (s *Sim) bundle(r *http.Request, q query, f Faults, visits []surgery.Visit) object {
	entries := []object{}
	add := func(resource object, mode string) {
		e := object{"resource": resource, "search": object{"mode": mode}}
		if id, ok := resource["id"]; ok {
			e["fullUrl"] = fmt.Sprintf("%s/%s/%v", baseURL(r), resource["resourceType"], id)
		}
		entries = append(entries, e)
	}
	includes := q.values["_include"]
	people, sites := map[int]bool{}, map[int]bool{}
	for i, v := range visits {
		s.saw("Appointment/" + s.speaks().id(v))
		shown := s.appointment(v, baseURL(r))
		if i == 0 && q.page == 1 {
			f.spoil(shown)
		}
		add(shown, "match")
		people[v.Person], sites[v.Site] = true, true
	}
	if slices.Contains(includes, "Appointment:patient") && !f.NoInclude {
		for _, p := range s.look().People() {
			if people[p.ID] {
				entries = append(entries, object{"fullUrl": s.fullURL(baseURL(r), p), "resource": s.patient(p), "search": object{"mode": "include"}})
			}
		}
	}
	if slices.Contains(includes, "Appointment:location") && !f.NoInclude {
		for site := range sites {
			add(location(strconv.Itoa(site)), "include")
		}
	}
	if len(q.ignored) > 0 {
		add(outcome("warning", "not-supported"), "outcome")
	}
	if severity, code, ok := strings.Cut(f.Outcome, " "); ok {
		add(outcome(severity, code), "outcome")
	}
	return object{"resourceType": "Bundle", "type": "searchset", "entry": entries}
}

// links gives the page's links.
func links(r *http.Request, q query, f Faults, more bool) []object {
	out := []object{{"relation": "self", "url": baseURL(r) + "/Appointment"}}
	page := q.page + 1
	if f.LoopNext || f.NextForm == "self" && !more {
		more, page = true, q.page
	}
	if !more {
		return out
	}
	token := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(page) + "|" + q.values.Encode()))
	base := baseURL(r)
	switch {
	case f.ForeignNext != "":
		base = f.ForeignNext
	case f.NextForm == "relative":
		base = ""
	case f.NextForm == "path":
		base = Base
	}
	return append(out, object{"relation": "next", "url": base + "?_getpages=" + token})
}

// dateRange is one date parameter: from inclusive, to exclusive; zero is open.
type dateRange struct{ from, to time.Time }

func (d dateRange) has(t time.Time) bool {
	return (d.from.IsZero() || !t.Before(d.from)) && (d.to.IsZero() || t.Before(d.to))
}

// ranges reads date parameters with the prefixes ge, gt, lt, le, eq or none.
func ranges(params []string) ([]dateRange, error) {
	var out []dateRange
	for _, p := range params {
		prefix, value := "eq", p
		if len(p) > 2 && p[0] >= 'a' && p[0] <= 'z' {
			prefix, value = p[:2], p[2:]
		}
		from, err := time.ParseInLocation("2006-01-02", value, gateway.London())
		to := from.AddDate(0, 0, 1)
		if err != nil {
			if from, err = time.Parse(time.RFC3339, value); err != nil {
				return nil, err
			}
			to = from.Add(time.Second)
		}
		switch prefix {
		case "ge":
			out = append(out, dateRange{from: from})
		case "gt":
			out = append(out, dateRange{from: to})
		case "lt":
			out = append(out, dateRange{to: from})
		case "le":
			out = append(out, dateRange{to: to})
		default:
			out = append(out, dateRange{from: from, to: to})
		}
	}
	return out, nil
}
