package gateway

import (
	"regexp"
	"strings"
)

// saysWrongNumber reports whether a folded text says that the phone is not the
// patient's, and nothing else but that no more texts are wanted: "Sorry, wrong number",
// "I'm not Sarah, please stop", "She doesn't have this number any more".
func saysWrongNumber(text string) bool {
	if aboutHealth(text) {
		return false
	}
	found := false
	for range 3 {
		at := wrongNumber.FindStringIndex(text)
		if at == nil {
			break
		}
		found, text = true, strings.Join(strings.Fields(text[:at[0]]+" "+text[at[1]:]), " ")
	}
	if !found {
		return false
	}
	rest := courteous(wrongBeside.ReplaceAllString(idlingWords(text), ""))
	return rest == "" || stopAlmost.MatchString(rest) || stopAsked.MatchString(rest) || stopNamed.MatchString(rest) || leaveAlone.MatchString(rest)
}

// Parts of what strangers write.
const (
	sayNumber = `(?:NUMBER|NUMBERS|NUMBR|NUMER|NUMBET|NUM|PHONE|MOBILE|TELEPHONE)`
	sayOwner  = `(?:HIM|HER|THEM|THE PATIENT|YOUR PATIENT|THIS PERSON|THAT PERSON|THIS PATIENT|THE (?:RIGHT |CORRECT )?PERSON(?: YOU (?:WANT|NEED|ARE LOOKING FOR|THINK))?|` + sayTitled + `|` + sayGiven + `(?: [A-Z]+)?)`
	sayOwns   = `(?:HIS|HER|HERS|THEIR|MY|THE PATIENTS|(?:(?:MR|MRS|MISS|MS|DR) )?[A-Z]+S)`
	sayNot    = `(?:(?:ITS|THATS|(?:THIS|IT|THAT)(?: IS)?|I AM|IM|AM|DEFINITELY|CLEARLY) NOT|(?:THIS|IT|THAT) (?:ISNT|AINT|WASNT)|NOT)`
	sayLonger = `(?: (?:ANYMORE|ANY MORE|ANY LONGER|NOW))?`
	sayWho    = `(?:HE|SHE|THEY|` + sayOwner + `|[A-Z]{3,}(?: [A-Z]{2,})?)`
)

var wrongNumber = longest(
	// You have the wrong number.
	`(?:(?:SORRY|BUT|I|YOU|U|YOUVE|YOURE|HAVE|GOT|GOTTEN|ARE|THINK|BELIEVE|AFRAID|IM|THIS|ITS|IT|THATS|THAT|IS|WAS|BEEN|KEEP|TEXTING|MESSAGING|CONTACTING|SENT|SENDING|TEXT|MESSAGE|TO|FOR|THE|A|AN|MUST|MAY|MIGHT|WITH|ON) )*`+
		`(?:WRONG|WORNG|RONG|WRNG|WRONGE|INCORRECT) ?(?:`+sayNumber+`|NO|PERSON|PATIENT|GUY|WOMAN|LADY|MAN|BLOKE|GIRL)(?: (?:FOR|OF) `+sayOwner+`)?`,
	`(?:THE|THIS|YOUR) `+sayNumber+` IS (?:WRONG|INCORRECT|NOT (?:RIGHT|CORRECT))`,
	// It is not me; I am not she; it is not her number.
	sayNot+` (?:ME|`+sayOwner+`)`,
	sayNot+` (?:A PATIENT(?: (?:OF YOURS|HERE|THERE|OF YOUR SURGERY|OF YOUR PRACTICE|AT (?:YOUR|THIS|THE) (?:SURGERY|PRACTICE|CLINIC|HOSPITAL)|WITH YOU))?|WHO YOU THINK(?: I AM)?|THE RIGHT PERSON|MY NAME)`,
	sayNot+` `+sayOwns+`(?: PHONE| MOBILE)? `+sayNumber+sayLonger,
	`(?:(?:THIS IS|ITS|IT IS|THATS) )?NO LONGER `+sayOwns+`(?: PHONE| MOBILE)? `+sayNumber,
	`(?:THIS|IT|THIS `+sayNumber+`) (?:IS|BELONGS TO|HAS BEEN GIVEN TO|NOW BELONGS TO) (?:SOMEONE|SOMEBODY) ELSES?(?: `+sayNumber+`)?`,
	// She does not live here, or has another number.
	sayWho+` (?:DOESNT|DOES NOT|DONT|DO NOT|NO LONGER|NOT) (?:LIVE|LIVES|LIVING) (?:HERE|AT THIS ADDRESS)`+sayLonger,
	sayWho+` (?:DOESNT|DOES NOT|DONT|DO NOT|NO LONGER) (?:HAVE|HAS|USE|USES|OWN|OWNS) THIS `+sayNumber+sayLonger,
	`(?:THERES|THERE IS)? ?(?:NO|NOBODY|NO ONE|NOONE|NO PERSON|NOT ANYONE) (?:HERE )?(?:CALLED|NAMED|BY THE NAME OF|OF THAT NAME|BY THAT NAME)(?: `+sayWho+`)?(?: (?:HERE|LIVES HERE|AT THIS NUMBER|ON THIS NUMBER))?`,
	`(?:(?:THERES|THERE IS) )?NO `+sayGiven+`(?: [A-Z]+)? (?:HERE|LIVES HERE|AT THIS NUMBER|ON THIS NUMBER)`,
	`I (?:DONT|DO NOT) KNOW (?:(?:A|ANY|WHO) )?(?:`+sayOwner+`|(?:ANYONE|ANYBODY|SOMEONE) (?:CALLED|NAMED|BY THE NAME OF) `+sayWho+`)(?: IS)?`,
	`(?:IVE|I HAVE) (?:ONLY |JUST |RECENTLY )*(?:HAD|GOT|BOUGHT|ACQUIRED) THIS `+sayNumber+`(?: (?:FOR|SINCE) [A-Z0-9]+(?: [A-Z]+)?)?`,
	// Welsh.
	`(?:(?:MAER|MAE|Y|YR|GENNYCH|GYDA|CHI|YDY|YW|MAEN) )*RHIF(?: FFON| Y FFON)?(?: YN)? (?:ANGHYWIR|ANGYWIR)(?: (?:GENNYCH|GYDA CHI|YW HWN|YDY HWN))?`, `(?:Y )?PERSON ANGHYWIR`,
	`(?:NID|DDIM|DIM|NAGE NID) (?:FI|FY RHIF(?: FFON)?)(?: I)?(?: (?:YW|YDY) (?:HWN|HYN|HI|HWNNA))?`,
)

// longest makes one pattern of phrases that stand apart from other words. Where several
// fit, it takes the longest: "not her number" before "not her".
func longest(phrases ...string) *regexp.Regexp {
	re := regexp.MustCompile(`(?:^| )(?:` + strings.Join(phrases, `|`) + `)(?: |$)`)
	re.Longest()
	return re
}

// wrongBeside is what strangers ask for besides.
var wrongBeside = regexp.MustCompile(`(?:^| )(?:(?:UPDATE|CHECK|CORRECT|CHANGE|AMEND) (?:YOUR|THE|UR) (?:RECORDS?|SYSTEM|DETAILS|DATABASE|FILES?)|DELETE IT|REMOVE IT|REMOVE(?: (?:ME|US))?|DELETE(?: (?:ME|US))?)`)

// idlingWords takes away small talk and oaths, but no names.
func idlingWords(text string) string {
	var out []string
	for w := range strings.FieldsSeq(idlePhrase.ReplaceAllString(text, " ")) {
		if !idleWords[w] {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}
