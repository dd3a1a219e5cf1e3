package fhirsim

import (
	"net/url"
	"slices"
	"strings"
)

// millenniumKnows are the parameters that Oracle's pages name for a search of
// appointments.
var millenniumKnows = []string{"_id", "patient", "practitioner", "location", "date", "-date-or-req-period", "status", "_count"}

// demands checks a search by Millennium's rules and gives the issue code of what is
// wrong with it, or nothing: one of _id, patient, practitioner and location, once
// and not together; with the last three a date, once without or as a pair of bounds
// with prefixes. That anything else is refused is our own caution: its pages do not
// say what becomes of a parameter that they do not name.
func demands(q url.Values) string {
	of := 0
	for name, values := range q {
		switch {
		case !slices.Contains(millenniumKnows, name):
			return "not-supported"
		case name != "date" && len(values) > 1:
			return "invalid"
		case slices.Contains([]string{"_id", "patient", "practitioner", "location"}, name) && values[0] != "":
			of++
		}
	}
	dates := q["date"]
	switch {
	case of == 0:
		return "required"
	case of > 1:
		return "invalid"
	case q.Get("_id") != "":
		return ""
	case len(dates) == 0:
		return "required"
	case len(dates) == 1 && bound(dates[0]) == "", len(dates) == 2 && bound(dates[0])+bound(dates[1]) == "gl", len(dates) == 2 && bound(dates[0])+bound(dates[1]) == "lg":
		return ""
	}
	return "invalid"
}

// bound says whether a date is a lower bound (g), an upper (l), or none.
func bound(date string) string {
	switch {
	case strings.HasPrefix(date, "ge"), strings.HasPrefix(date, "gt"):
		return "g"
	case strings.HasPrefix(date, "le"), strings.HasPrefix(date, "lt"):
		return "l"
	}
	return ""
}
