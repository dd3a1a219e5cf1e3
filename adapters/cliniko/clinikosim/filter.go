package clinikosim

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sort of value that a field holds, which decides on its operators.
type sort uint8

const (
	moment sort = iota
	whole
	words
)

// filterable lists the fields of each list that a filter may name, as Cliniko
// publishes them.
var filterable = map[string]map[string]sort{
	"individual_appointments": fields(moment, "archived_at", "created_at", "updated_at", "deleted_at", "cancelled_at", "starts_at", "ends_at").
		and(whole, "id", "appointment_type_id", "business_id", "patient_id", "practitioner_id", "repeated_from_id"),
	"group_appointments": fields(moment, "archived_at", "created_at", "updated_at", "deleted_at", "starts_at", "ends_at").
		and(whole, "id", "appointment_type_id", "business_id", "practitioner_id", "repeated_from_id"),
	"attendees": fields(moment, "archived_at", "created_at", "updated_at", "deleted_at", "cancelled_at").
		and(whole, "id", "appointment_id", "booking_id", "patient_case_id", "patient_id"),
	"patients": fields(moment, "archived_at", "created_at", "updated_at").
		and(words, "date_of_birth", "email", "first_name", "last_name", "preferred_first_name", "old_reference_id").and(whole, "id"),
	"businesses":        fields(moment, "archived_at", "created_at", "updated_at").and(whole, "id"),
	"appointment_types": fields(moment, "archived_at", "created_at", "updated_at").and(whole, "id"),
}

type sorts map[string]sort

func fields(s sort, names ...string) sorts { return sorts{}.and(s, names...) }

func (f sorts) and(s sort, names ...string) sorts {
	for _, n := range names {
		f[n] = s
	}
	return f
}

// hidden are the marks by which a record is left out of a list, unless a filter names
// the mark.
var hidden = []string{"archived_at", "deleted_at", "cancelled_at"}

var errFilter = errors.New("a filter is not understood")

// filter is one q[] of a question.
type filter struct {
	field, op, value string
	sort             sort
}

// operators in the order in which they are looked for.
var operators = map[sort][]string{
	moment: {">=", "<=", "!?", ">", "<", "?", "*", "="},
	whole:  {"!=", ">=", "<=", "!?", ">", "<", "=", "?"},
	words:  {"!=", "!?", "~~", "~", "=", "?"},
}

// parse reads "field:>=value". The error is what Cliniko says of a field that may not
// be filtered by.
func parse(list, q string) (filter, error) {
	name, rest, _ := strings.Cut(q, ":")
	s, ok := filterable[list][name]
	if !ok {
		return filter{}, errors.New(name + " is not filterable")
	}
	for _, op := range operators[s] {
		value, ok := strings.CutPrefix(rest, op)
		if !ok {
			continue
		}
		f := filter{name, op, value, s}
		if f.sound() {
			return f, nil
		}
		break
	}
	return filter{}, errFilter
}

// sound reports whether the value is one that the operator can work on.
func (f filter) sound() bool {
	switch {
	case f.op == "?" || f.op == "!?" || f.op == "*":
		return f.value == ""
	case f.sort == moment:
		_, err := time.Parse("2006-01-02T15:04:05Z", f.value)
		return err == nil && f.op != "="
	case f.sort == whole:
		for _, n := range strings.Split(f.value, ",") {
			if _, err := strconv.ParseInt(n, 10, 64); err != nil {
				return false
			}
		}
	}
	return true
}

// matches reports whether a record passes.
func (f filter) matches(r record) bool {
	is, there := r.value(f.field)
	switch f.op {
	case "*":
		return true
	case "?", "!?":
		return there == (f.op == "?")
	}
	if f.sort == whole {
		n, _ := strconv.ParseInt(is, 10, 64)
		return slices.ContainsFunc(strings.Split(f.value, ","), func(v string) bool {
			want, _ := strconv.ParseInt(v, 10, 64)
			return compares(cmp.Compare(n, want), f.op)
		})
	}
	if f.sort == words {
		return strings.Contains(strings.ToLower(is), strings.ToLower(strings.Trim(f.value, "%"))) == (f.op != "!=")
	}
	return there && compares(strings.Compare(is, f.value), f.op)
}

func compares(c int, op string) bool {
	switch op {
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	case "!=":
		return c != 0
	}
	return c == 0
}

// value gives what a record holds in a field, as text, and whether it holds anything.
func (r record) value(field string) (string, bool) {
	if n, ok := r.keys[field]; ok {
		return strconv.FormatInt(n, 10), true
	}
	s, ok := r.fields[field].(string)
	return s, ok && s != ""
}

// sieve gives the records that pass all filters, without those that lists leave out
// by default. With hides, only the operator for "any" shows what is left out.
func sieve(all []record, filters []filter, hides bool) []record {
	named := map[string]bool{}
	for _, f := range filters {
		named[f.field] = named[f.field] || !hides || f.op == "*"
	}
	var out []record
	for _, r := range all {
		left := slices.ContainsFunc(hidden, func(mark string) bool {
			_, set := r.value(mark)
			return set && !named[mark]
		})
		if !left && !slices.ContainsFunc(filters, func(f filter) bool { return !f.matches(r) }) {
			out = append(out, r)
		}
	}
	return out
}

// arrange sorts records as the question wants it: by default the oldest first.
func arrange(all []record, by string) {
	if by == "" {
		by = "created_at"
	}
	keys := strings.Split(by+",id", ",")
	slices.SortStableFunc(all, func(a, b record) int {
		for _, key := range keys {
			name, order, _ := strings.Cut(key, ":")
			x, _ := a.value(name)
			y, _ := b.value(name)
			c := cmp.Or(cmp.Compare(len(x), len(y))*boolInt(name == "id"), strings.Compare(x, y))
			if order == "desc" {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
