package message

import (
	"strings"

	"bellman/gateway"
)

// script is everything that is said in one language. The gaps are {practice},
// {day}, {time}, {phone}, {place}, {code}, {pounds} and {urgent}; there is no gap
// for the clinician, the clinic or the reason, so nothing of them can be told. A
// name comes before the first sentence, where the practice wants it.
type script struct {
	// What the appointment is. The first serves meetings in person and those of
	// a kind that is not known: it tells nobody to come.
	appointment, telephone, video, homeVisit string

	place  string // where a meeting in person is
	cost   string // what a missed one costs
	cancel string // how to cancel by an answer

	change       string // when the text can be answered: how to change the appointment
	stop         string // and how to stop
	changeOrStop string // when it cannot

	stopped, stoppedAll, closed, started, help, notMonitored string // answers to patients' texts

	// What a patient is told whose visit was cancelled at their word, in three parts,
	// and what instead where nobody knows whether it was; see Cancelled and Unclear.
	yourVisit, isCancelled, ifNotAsked string
	maybeCancelled, makeSure           string

	urgent   string
	urgentNI string // for Northern Ireland, where nobody answers on 111
}

// wordings is the closed set that the configuration may name.
var wordings = map[string]map[Language]script{
	defaultWording: {English: english, Welsh: welsh},
}

const defaultWording = "default"

// Known reports whether the configuration may name this wording. The empty name
// stands for the default.
func Known(name string) bool {
	_, ok := wordings[named(name)]
	return ok
}

func named(name string) string {
	if name == "" {
		return defaultWording
	}
	return name
}

var english = script{
	appointment: "You have an appointment with {practice} on {day} at {time}.",
	telephone:   "You have a telephone appointment with {practice} on {day} at {time}.",
	video:       "You have a video appointment with {practice} on {day} at {time}.",
	homeVisit:   "You have a home visit from {practice} on {day} at {time}.",

	place:  "It is at {place}.",
	cost:   "A missed appointment costs the NHS about £{pounds}.",
	cancel: "To cancel, reply CANCEL {code}.",

	change:       "To change it, call {phone}.",
	stop:         "Reply STOP to stop these texts.",
	changeOrStop: "To change it or to stop these texts, call {phone}.",

	stopped:      "{practice} will send no more texts to this number. Your appointments stay as they are. To get texts again, reply START or call {phone}.",
	stoppedAll:   "{practice} and all others who text through the same service will send no more texts to this number. Your appointments stay as they are. To get our texts again, reply START or call {phone}.",
	closed:       "Thank you. {practice} will send no more texts to this number. To change that, call {phone}.",
	started:      "{practice} will text this number about appointments again. Reply STOP to stop these texts, or call {phone}.",
	help:         "{practice} sends appointment reminders from this number. To reach us, call {phone}. {urgent} Reply STOP to stop these texts.",
	notMonitored: "Thank you. Texts to {practice} are not monitored for urgent help. {urgent} Your appointment stays as it is unless we tell you. To reach us, call {phone}.",

	yourVisit:   "Your appointment with {practice} on {day} at {time}",
	isCancelled: " is cancelled, as you asked.",
	ifNotAsked:  "If you did not ask for this, or want another time, call {phone}.",

	maybeCancelled: " may or may not be cancelled: we could not find out.",
	makeSure:       "Please call {phone} to make sure.",

	urgent:   "For urgent advice call 111, in an emergency 999.",
	urgentNI: "In an emergency call 999.",
}

// welsh keeps to letters of the GSM alphabet, so that both languages together
// stay within three segments: hence "teleffon", since a circumflex would more
// than double the cost and leaving it off "ffon" makes it a walking stick.
var welsh = script{
	appointment: "Mae gennych apwyntiad gyda {practice} ar {day} am {time}.",
	telephone:   "Mae gennych apwyntiad teleffon gyda {practice} ar {day} am {time}.",
	video:       "Mae gennych apwyntiad fideo gyda {practice} ar {day} am {time}.",
	homeVisit:   "Mae gennych ymweliad cartref gan {practice} ar {day} am {time}.",

	place:  "Lleoliad: {place}.",
	cost:   "Mae apwyntiad a gollir yn costio tua £{pounds} i'r GIG.",
	cancel: "I ganslo, atebwch CANCEL {code}.",

	change:       "I'w newid, ffoniwch {phone}.",
	stop:         "Atebwch STOP i stopio'r negeseuon hyn.",
	changeOrStop: "I'w newid neu i stopio'r negeseuon hyn, ffoniwch {phone}.",

	stopped:      "Ni fydd {practice} yn anfon mwy o negeseuon i'r rhif hwn. Mae eich apwyntiadau yn aros fel y maent. I gael negeseuon eto, atebwch START neu ffoniwch {phone}.",
	stoppedAll:   "Ni fydd {practice} na neb arall sy'n defnyddio'r un gwasanaeth yn anfon mwy o negeseuon i'r rhif hwn. Mae eich apwyntiadau yn aros fel y maent. I gael ein negeseuon eto, atebwch START neu ffoniwch {phone}.",
	closed:       "Diolch. Ni fydd {practice} yn anfon mwy o negeseuon i'r rhif hwn. I newid hynny, ffoniwch {phone}.",
	started:      "Bydd {practice} yn anfon negeseuon am apwyntiadau i'r rhif hwn eto. Atebwch STOP i stopio'r negeseuon hyn, neu ffoniwch {phone}.",
	help:         "Mae {practice} yn anfon negeseuon atgoffa o'r rhif hwn. Ffoniwch ni ar {phone}. {urgent} Atebwch STOP i stopio'r negeseuon hyn.",
	notMonitored: "Diolch. Nid yw negeseuon i {practice} yn cael eu monitro ar gyfer cymorth brys. {urgent} Mae eich apwyntiad yn aros fel y mae oni bai i ni ddweud. Ffoniwch ni ar {phone}.",

	yourVisit:   "Mae eich apwyntiad gyda {practice} ar {day} am {time}",
	isCancelled: " wedi'i ganslo, fel y gofynnoch.",
	ifNotAsked:  "Os na ofynnoch am hyn, neu os hoffech amser arall, ffoniwch {phone}.",

	maybeCancelled: " naill ai wedi'i ganslo neu heb ei ganslo: ni allwn ddweud.",
	makeSure:       "Ffoniwch {phone} i gadarnhau.",

	urgent:   "Am gyngor brys ffoniwch 111, mewn argyfwng 999.",
	urgentNI: "Mewn argyfwng ffoniwch 999.",
}

// opening gives the sentence for how patient and clinician meet.
func (s script) opening(m gateway.Mode) string {
	switch m {
	case gateway.ModeTelephone:
		return s.telephone
	case gateway.ModeVideo:
		return s.video
	case gateway.ModeHomeVisit:
		return s.homeVisit
	case gateway.ModeUnknown, gateway.ModeInPerson:
	}
	return s.appointment
}

// reminder gives the sentences of one reminder, the most important first (R25).
// What there is nothing to fill in for is not said.
func (s script) reminder(canReceive bool, m gateway.Mode, g gaps) []string {
	words := append(make([]string, 0, 6), s.opening(m))
	if g.place != "" {
		words = append(words, s.place)
	}
	if g.pounds != "" {
		words = append(words, s.cost)
	}
	if !canReceive {
		return append(words, s.changeOrStop)
	}
	words = append(words, s.change)
	if g.code != "" {
		words = append(words, s.cancel)
	}
	return append(words, s.stop)
}

// gaps are what a script's gaps are filled with.
type gaps struct{ practice, phone, day, time, place, code, pounds, urgent string }

// fill puts the sentences together and fills their gaps. What fills a gap is not
// looked at again, so that a practice's name can never open another. A gap that
// is not one of ours stays as it stands, and the text is refused for it.
func fill(sentences []string, g gaps) string {
	var b strings.Builder
	b.Grow(240)
	for i, s := range sentences {
		if i > 0 {
			b.WriteByte(' ')
		}
		for {
			open := strings.IndexByte(s, '{')
			if open < 0 {
				break
			}
			b.WriteString(s[:open])
			word, rest, _ := strings.Cut(s[open:], "}")
			b.WriteString(g.of(word))
			s = rest
		}
		b.WriteString(s)
	}
	return b.String()
}

func (g gaps) of(word string) string {
	switch word {
	case "{practice":
		return g.practice
	case "{phone":
		return g.phone
	case "{day":
		return g.day
	case "{time":
		return g.time
	case "{place":
		return g.place
	case "{code":
		return g.code
	case "{pounds":
		return g.pounds
	case "{urgent":
		return g.urgent
	}
	return word + "}"
}
