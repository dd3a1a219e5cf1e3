package gateway

import "slices"

// Conflict is one number of which the clinical system and the patient say different
// things. The stricter of the two always wins: nothing is sent.
type Conflict struct {
	Number Phone
	System Flag            // what the clinical system says of Declined
	Wish   OptOutChange    // what was said last for the number
	Visits []AppointmentID // to come, that this is about
}

// Reason gives what texts are withheld for: the word of the one who wins.
func (c Conflict) Reason() Reason {
	if c.Wish.Out {
		return OptedOut
	}
	return Declined
}

// Conflicts compares the visits to come of a practice with who has opted out of it,
// and with what was last said for each number: the clinical system lets a number be
// texted that opted out, or says declined of one that opted in since. The oldest wish
// comes first. It is pure.
func Conflicts(visits []Appointment, out []OptOut, history []OptOutChange) []Conflict {
	wishes := map[Phone]OptOutChange{}
	for _, ch := range history { // in the order in which they came about
		if !ch.Scope.Finer() {
			wishes[ch.Number] = ch
		}
	}
	for _, o := range out {
		wishes[o.Number] = OptOutChange{OptOut: o, Out: true}
	}
	var all []Conflict
	for _, a := range visits {
		n, system := a.Patient.Mobile, a.Patient.Declined
		wish, said := wishes[n]
		if n.IsZero() || !said || wish.Out == (system == FlagYes) {
			continue
		}
		i := slices.IndexFunc(all, func(c Conflict) bool { return c.Number == n && c.System == system })
		if i < 0 {
			i = len(all)
			all = append(all, Conflict{Number: n, System: system, Wish: wish})
		}
		all[i].Visits = append(all[i].Visits, a.ID)
	}
	slices.SortStableFunc(all, func(a, b Conflict) int { return a.Wish.Since.Compare(b.Wish.Since) })
	return all
}
