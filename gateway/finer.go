package gateway

import (
	"slices"
	"strings"
)

// Outs is what finer opt-outs say about one visit: those that cover less than
// everything a practice texts to a number. The zero value is that nobody recorded any.
type Outs struct {
	Visit   bool // no reminder of this visit
	Clinics ClinicOuts
}

// ClinicOuts are the clinics about which a number wants no texts. Make it with
// NewClinicOuts; the zero value is none.
type ClinicOuts struct {
	// List tells one list of clinics from another; zero: there is none.
	List  Digest
	names private // folded, one a line
}

// NewClinicOuts takes what names the clinics: their names, or words that stand in
// them, as in a practice's own lists of clinics. Without a name in it nobody can tell
// which clinics are meant, and no visit is judged.
func NewClinicOuts(list Digest, names ...Text) ClinicOuts {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = FoldClinic(n).reveal()
	}
	if words = slices.DeleteFunc(words, func(w string) bool { return w == "" }); len(words) == 0 {
		return ClinicOuts{List: list}
	}
	return ClinicOuts{list, conceal(strings.Join(words, "\n"))}
}

// ClinicJudged says what was found when a visit's clinic was compared with the
// clinics about which its number wants no texts. It is all that is kept of either: a
// clinic's name never is.
type ClinicJudged struct {
	List Digest // what it was compared with; zero: with nothing
	Out  bool   // it is one of these clinics
}

// Judge compares the clinic of a visit. Where the source did not tell its name, what
// was found before stays, as long as it was found with the same list.
func (o ClinicOuts) Judge(a Appointment) Appointment {
	switch {
	case o.List == Digest{}:
		a.Judged = ClinicJudged{}
	case o.names != private{} && !a.Clinic.IsZero():
		unwanted := newPhrases(strings.Split(o.names.reveal(), "\n"))
		a.Judged = ClinicJudged{o.List, unwanted.within(strings.Fields(fold(a.Clinic.reveal())))}
	case a.Judged.List != o.List:
		a.Judged = ClinicJudged{}
	}
	return a
}

// Withholds reports whether a visit that was judged is not texted about, or not yet.
func (o Outs) Withholds(a Appointment) bool {
	return o.Visit || a.unwanted(o.Clinics.List) || a.unjudged(o.Clinics.List)
}

// unwanted reports whether a visit is at a clinic of a list.
func (a Appointment) unwanted(list Digest) bool {
	return list != Digest{} && a.Judged == ClinicJudged{list, true}
}

// unjudged reports whether there is a list with which nobody has compared the visit.
func (a Appointment) unjudged(list Digest) bool { return a.Judged.List != list && list != Digest{} }

// FoldClinic gives the name of a clinic as it is compared: case, accents and
// punctuation make no difference.
func FoldClinic(name Text) Text {
	return NewText(strings.Join(strings.Fields(fold(name.reveal())), " "))
}
