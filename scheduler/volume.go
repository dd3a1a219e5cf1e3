package scheduler

import (
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// How many new reminders a day are unusual: more than half again as many as on
// the practice's busy days, and more than a small practice ever has. There is a
// norm once a working week has been seen.
const (
	normDays   = 14  // days with anything new that are kept
	normLeast  = 5   // of them, before today, make a norm
	normFloor  = 100 // so many on one day are never unusual
	normExcess = 150 // per cent of a busy day
)

// most gives how many new reminders a day may bring, or false where that is not
// known yet. A busy day is the second busiest of those kept: one odd day does not
// move it, and a weekday that is always busy comes twice. After days without a
// complete read, what gathered in them comes at once.
func most(n gateway.Norm, today string, away time.Duration) (int, bool) {
	var counts []int
	for _, d := range n.Days {
		if d.Day != today {
			counts = append(counts, d.Count)
		}
	}
	if len(counts) < normLeast {
		return 0, false
	}
	slices.Sort(counts)
	days := 1 + int(away/(24*time.Hour))
	return max(normFloor, counts[len(counts)-2]*normExcess/100*days), true
}

// counted adds what a read newly owes to the norm.
func counted(n gateway.Norm, today string, more int) gateway.Norm {
	if more == 0 {
		return n
	}
	n.Days = slices.Clone(n.Days)
	if last := len(n.Days) - 1; last >= 0 && n.Days[last].Day == today {
		n.Days[last].Count += more
	} else {
		n.Days = append(n.Days, gateway.Daily{Day: today, Count: more})
	}
	n.Days = n.Days[max(0, len(n.Days)-normDays):]
	return n
}

// on gives what was counted on a day.
func on(n gateway.Norm, today string) int {
	for _, d := range n.Days {
		if d.Day == today {
			return d.Count
		}
	}
	return 0
}

func dayOf(t time.Time) string { return t.In(gateway.London()).Format(time.DateOnly) }

// rulesOf names the rules under which a norm is learnt: under others it means
// nothing, and a person has just changed them.
func rulesOf(p gateway.Policy) string {
	names := make([]string, len(p.Rules))
	for i, r := range p.Rules {
		names[i] = r.String()
	}
	return strings.Join(names, " ")
}
