package message

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"bellman/gateway"
)

// Lint says what the rules forbid in a text that patients get, or in a name that
// stands in one: each as what the text does, to follow its name. sender is who it
// comes from, since only a number can be answered. Nothing found is nil. It never
// quotes what it found.
func Lint(text, sender string) []string {
	text = norm.NFKC.String(text)
	l := linted{text: text, said: strings.ToLower(text), replies: CanReceive(sender)}
	for _, fixed := range costLines {
		l.said = fixed.ReplaceAllString(l.said, " ")
	}
	l.words = spoken(l.said) + spoken(strings.ReplaceAll(l.said, ".", "")) // G.U.M. is GUM
	var out []string
	for _, b := range bans {
		if b.broken(l) {
			out = append(out, b.what)
		}
	}
	return out
}

// linted is a text as Lint looks at it.
type linted struct {
	text    string // as it is written, compatibility forms folded
	said    string // in small letters, without the fixed line on what a visit costs
	words   string // the words of said without accents, a space around each
	replies bool   // its sender can be answered
}

// bans are what no text may do, with the rule that says so.
var bans = []struct {
	what   string
	broken func(linted) bool
}{
	{"holds a link or an address, which patients learn to distrust (R24)", func(l linted) bool { return links.MatchString(l.said) }},
	{"promotes, asks for or prices something, which no reminder does (R21)", func(l linted) bool {
		return prices.MatchString(l.said) || holdsAny(l.words, promotion)
	}},
	{"names a reason, clinic or service, which others may read on the phone (R01, HAZ-02)", func(l linted) bool {
		return holdsAny(l.words, reasons) || gateway.Clinics{}.Class(gateway.NewClinicName(l.words)) == gateway.ClinicSensitive
	}},
	{"asks for an answer that its sender cannot receive (R23)", func(l linted) bool { return !l.replies && asksForAnswer.MatchString(l.said) }},
	{"offers a word to answer with that the provider takes for its own (R40, HAZ-11)", func(l linted) bool { return offersTaken(l.text) }},
	{"holds signs that mean something to a machine (HAZ-19)", func(l linted) bool { return machine.MatchString(l.text) }},
}

var (
	links = regexp.MustCompile(`://|\bwww\.|\S@\S|\b[a-z0-9-]+\.(?:com|co|uk|org|net|info|biz|eu|ie|io|ly|gl|gd|gy|cc|me|to|nhs|gov|health|care|clinic|doctor|app|link|page|click|site|online|cymru|wales|scot|london)\b`)
	// A price tag; the fixed line on what a missed visit costs is taken out before.
	prices = regexp.MustCompile(`[£$€]|\b[0-9]+ ?(?:p|pence|pounds|gbp)\b|[0-9] ?%`)

	asksForAnswer = regexp.MustCompile(`\b(?:reply|replies|respond|answer|text (?:us|back)|atebwch|tecstiwch)\b`)
	// Formulas at the beginning, templates, escapes and control characters.
	machine = regexp.MustCompile(`^\s*[=+@]|[{}<>\\^~|]|%!|&#|\$\(|[\x00-\x09\x0b-\x1f\x7f]|[\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]`)
)

// costLines match the fixed sentences on what a missed visit costs, in small
// letters: the only price that a text may tell.
var costLines = []*regexp.Regexp{costLine(english.cost), costLine(welsh.cost)}

func costLine(s string) *regexp.Regexp {
	before, after, _ := strings.Cut(strings.ToLower(s), "{pounds}")
	return regexp.MustCompile(regexp.QuoteMeta(before) + `[0-9]{1,4}` + regexp.QuoteMeta(after))
}

// spoken gives the words of a text in small letters without accents, one space
// around each.
func spoken(s string) string {
	return " " + strings.Join(notLetters.Split(strings.ToLower(withoutMarks(s)), -1), " ") + " "
}

var notLetters = regexp.MustCompile(`[^\pL\pN]+`)

// holdsAny reports whether the words hold one of the phrases. A phrase counts in
// whole words; one that ends in * counts as the beginning of a word too.
func holdsAny(words string, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool {
		stem, open := strings.CutSuffix(p, "*")
		if !open {
			stem += " "
		}
		return strings.Contains(words, " "+stem)
	})
}

// promotion is what marketing, fundraising and surveys say. Words that are also
// names of people and places (Price, Sale, Bill) count only in a phrase.
var promotion = []string{
	"offer", "offers", "discount*", "voucher*", "prize*", "giveaway", "donat*", "fundrais*", "sponsor*", "survey", "surveys", "feedback",
	"friends and family test", "rate us", "rate your", "review us", "tell us what you think", "buy now", "buy one", "for sale", "sale now on", "sale ends",
	"half price", "price list", "our prices", "prices from", "free gift", "free trial", "free of charge", "free health check", "win a", "join us", "sign up", "subscribe now", "book now", "per cent off",
	"cynnig arbennig", "gostyngiad*", "arolwg", "adborth", "cyfrannwch", "codi arian", "am ddim",
}

// reasons are what would tell a reader why the patient goes there, besides the
// sensitive clinics that nobody is texted about (gateway.Clinics).
var reasons = []string{
	"pregnan*", "antenatal", "postnatal", "maternity", "smear", "smears", "cervical", "colposcop*", "menopause", "hepatitis",
	"dementia", "memory clinic", "autism", "adhd", "learning disabilit*", "aids clinic", "tuberculosis", "diabet*", "probation",
	"cancer*", "oncolog*", "tumour*", "chemotherap*", "radiotherap*", "palliative", "hospice", "biops*", "diagnos*", "prognos*",
	"test result*", "your results", "blood test*", "vaccin*", "immunis*",
	"beichiog*", "canser*", "hosbis", "camddefnyddio", "canlyniad*", "brechiad*", "prawf gwaed",
}

// taken are the words that the provider acts on by itself and that mean something
// else to patients, or bring its own answer. STOP and START mean the same to both.
var taken = []string{"stopall", "unsubscribe", "end", "quit", "cancel", "revoke", "optout", "opt-out", "yes", "unstop", "help", "info", "arret"}

var (
	offering = regexp.MustCompile(`(?i)\b(?:reply|respond|answer|send|text|atebwch|tecstiwch)\b[^.!?\n]*`)
	offered  = regexp.MustCompile(`[\pL-]+(?:["']? [0-9]{4}\b)?`)
)

// offersTaken reports whether a text asks for an answer of one word that the
// provider takes for its own. With the visit's code after it, it is no single word.
func offersTaken(text string) bool {
	for _, wish := range offering.FindAllString(text, -1) {
		for i, w := range offered.FindAllString(wish, -1) {
			shouted := len(w) > 1 && w == strings.ToUpper(w)
			if (shouted || i == 1) && slices.Contains(taken, strings.ToLower(w)) {
				return true
			}
		}
	}
	return false
}
