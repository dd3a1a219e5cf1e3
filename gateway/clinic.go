package gateway

import "strings"

// ClinicName is what a clinical system calls the clinic, the type of slot or the
// service of a visit. It tells why somebody comes, so it does not print, and is never
// kept with a visit: only its ClinicClass is.
type ClinicName struct{ private }

// between parts the words that a system has for one visit.
const between = "; "

// NewClinicName wraps what the system says, or several such words joined by "; ".
func NewClinicName(words ...string) ClinicName {
	said := make([]string, 0, len(words))
	for _, w := range words {
		if w = strings.TrimSpace(w); w != "" {
			said = append(said, w)
		}
	}
	if len(said) == 0 {
		return ClinicName{}
	}
	return ClinicName{conceal(strings.Join(said, between))}
}

// Reveal gives the name in clear, for the practice to classify. Callers are listed in
// a test.
func (c ClinicName) Reveal() string { return c.reveal() }

// IsZero reports whether the system says nothing.
func (c ClinicName) IsZero() bool { return c == ClinicName{} }

// ClinicClass is what kind of clinic a visit is at, as far as texting goes.
type ClinicClass uint8

// The classes. ClinicUnsaid, the zero value, is what a system leaves that does not
// tell; ClinicUnknown is a name that nobody has classified yet.
const (
	ClinicUnsaid ClinicClass = iota
	ClinicUnknown
	ClinicGeneral
	ClinicSensitive
)

// Clinics are the words by which a practice tells its clinics apart, besides those
// that Bellman brings. The zero value has none. Make it with NewClinics.
type Clinics struct{ sensitive, general phrases }

// NewClinics takes a practice's words: names of clinics, or words that stand in
// them. Case, accents and punctuation make no difference.
func NewClinics(sensitive, general []string) Clinics {
	return Clinics{newPhrases(sensitive), newPhrases(general)}
}

// Class says what kind of clinic a name is. The practice's own sensitive words come
// first, wherever they stand in the name. A general word that is the whole name, or the
// whole of one of the words that the system has for the visit, comes before the
// built-in sensitive ones, so that a practice can speak for a clinic of its own that
// only sounds like one; within a longer name it comes after them.
func (c Clinics) Class(n ClinicName) ClinicClass {
	if n.IsZero() {
		return ClinicUnsaid
	}
	name := n.reveal()
	whole := strings.Fields(fold(name))
	if c.sensitive.within(whole) {
		return ClinicSensitive
	}
	if c.general[strings.Join(whole, " ")] {
		return ClinicGeneral
	}
	general := false
	var rest []string // what the practice does not speak for
	for said := range strings.SplitSeq(name, between) {
		words := strings.Fields(fold(said))
		if c.general[strings.Join(words, " ")] {
			general = true
			continue
		}
		rest = append(rest, words...)
	}
	switch {
	case sensitiveClinics.within(rest):
		return ClinicSensitive
	case general || c.general.within(rest):
		return ClinicGeneral
	}
	return ClinicUnknown
}

// phrases are folded words, or several with a single space between.
type phrases map[string]bool

// longestPhrase is how many words of a name are compared at once.
const longestPhrase = 6

func newPhrases(list []string) phrases {
	out := make(phrases, len(list))
	for _, p := range list {
		if words := strings.Fields(fold(p)); len(words) > 0 {
			out[strings.Join(words, " ")] = true
		}
	}
	return out
}

// within reports whether some phrase stands among words, as whole words.
func (p phrases) within(words []string) bool {
	if len(p) == 0 {
		return false
	}
	for i := range words {
		for j := i + 1; j <= min(len(words), i+longestPhrase); j++ {
			if p[strings.Join(words[i:j], " ")] {
				return true
			}
		}
	}
	return false
}

// PhraseFits reports whether a word or name can be found in a clinic's name: it has
// a letter or digit, and no more words than are compared.
func PhraseFits(s string) bool {
	n := len(strings.Fields(fold(s)))
	return n > 0 && n <= longestPhrase
}

// sensitiveClinics are the words of clinics of which a text on a phone that others
// see does most harm: sexual health, pregnancy and its end, the mind, addiction,
// gender, violence (hazard HAZ-02, rule R36). English and Welsh, the Welsh ones with
// the changes of their first letter. Words that stand in many other names are left
// out, such as the "aids" of hearing aids, the "top" of the top floor and the "rehab"
// of physiotherapy.
var sensitiveClinics = newPhrases(strings.FieldsFunc(`
gum; g u m; gu medicine; gu clinic; genitourinary; genito urinary; sexual health; sexually transmitted; sti; stis; std; stds;
hiv; h i v; chlamydia; gonorrhoea; gonorrhea; syphilis; genital; bbv; blood borne virus; blood borne viruses; hepatitis c;
psychosexual; erectile dysfunction; contraception; contraceptive; contraceptives; family planning; cash clinic;
iechyd rhywiol; atal cenhedlu; atalgenhedlu; cynllunio teulu; chynllunio teulu; cenhedlol wrinol;

abortion; abortions; termination; terminations; pregnancy advisory; bpas; msi choices; top clinic; top assessment; top referral; top counselling;
early medical abortion; ema clinic; miscarriage; miscarriages; early pregnancy; epau; epac; pregnancy loss; baby loss; stillbirth;
fertility; infertility; subfertility; ivf; assisted conception;
erthyliad; erthyliadau; terfynu beichiogrwydd; derfynu beichiogrwydd; therfynu beichiogrwydd; camesgoriad; gamesgoriad; chamesgoriad;
beichiogrwydd cynnar; ffrwythlondeb; anffrwythlondeb;

mental; camhs; cypmhs; cmht; cmhts; iapt; psychiatry; psychiatric; psychiatrist; psychology; psychological; psychologist;
psychotherapy; psychotherapist; psychosis; counselling; counsellor; talking therapy; talking therapies; eating disorder; eating disorders;
self harm; suicide; suicidal; depression; anxiety; bipolar; schizophrenia; clozapine; crisis team;
iechyd meddwl; seiciatreg; seiciatrig; seiciatrydd; seicoleg; seicolegol; seicolegydd; seicotherapi; cwnsela; gwnsela; chwnsela; iselder;
anhwylder bwyta; anhwylderau bwyta; hunan niweidio;

gender; transgender; trans health; gids; gic; rhywedd; rywedd; trawsryweddol;

addiction; addictions; substance misuse; substance use; substance abuse; drug misuse; drug and alcohol; drugs and alcohol; drug service;
alcohol; methadone; buprenorphine; opioid; opiate; opiates; needle exchange; detox; gambling;
caethiwed; gaethiwed; chaethiwed; camddefnyddio sylweddau; gamddefnyddio sylweddau; cyffuriau ac alcohol; chyffuriau ac alcohol; alcohol a chyffuriau;
dibyniaeth; ddibyniaeth; gamblo;

domestic abuse; domestic violence; idva; marac; sexual assault; sexual violence; sexual abuse; sarc; rape; honour based; fgm;
female genital mutilation; safeguarding; child protection;
cam drin domestig; gam drin domestig; cham drin domestig; trais domestig; drais domestig; thrais domestig; trais yn y cartref; drais yn y cartref;
ymosodiad rhywiol; trais rhywiol; drais rhywiol; diogelu`, func(r rune) bool { return r == ';' || r == '\n' }))
