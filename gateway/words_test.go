package gateway_test

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// phrases are what patients write, by what we make of it. A phrase on the line of
// ReplyOther is as much a promise as one on the line of ReplyStop.
var phrases = map[gateway.ReplyKind][]string{
	gateway.ReplyStop: {
		"STOP", "stop", "Stop", " STOP ", "\"STOP\"", "“STOP”", "'stop'", "Stop!", "STOP.", "stop...", "STOP\n", "S.T.O.P.",
		"STOP🛑", "🙏 stop", "ST\u200bOP", "\ufeffstop", "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "ⓢⓣⓞⓟ", "🅂🅃🄾🄿", "ST0P", "5TOP", "$top", "ЅТОР",
		"STOP\n\nSent from my iPhone", "Stop. Sent from my Samsung Galaxy smartphone", "stop\nGet Outlook for iOS", "STOP Sent from Yahoo Mail on Android", "stop stop stop", "STOPPP", "stooop", "stop?",
		"Stop please", "please stop", "PLS STOP", "stop now", "just stop", "stop thanks", "Stop, thank you", "hello stop",
		"stop it", "stop this", "STOP ALL", "STOPALL", "reply stop", "Reply “STOP”",
		"UNSUBSCRIBE", "unsubcribe", "unsuscribe", "unsubsribe", "unsubscribed", "un-subscribe", "unsubscirbe", "unsubscrib",
		"unsubscribe me", "please unsubscribe me from these texts", "I want to unsubscribe", "can I unsubscribe",
		"END", "QUIT", "REVOKE", "OPTOUT", "opt out", "opt-out", "opt me out", "I opt out", "I'm opting out", "opting out",
		"I would like to opt out of text messages", "I’d like to opt out",
		"ARRET", "arrêt", "ARRETE",
		"STOPIO", "stopio os gwelwch yn dda", "ATAL", "atebwch STOP", "stopiwch y negeseuon", "stopio'r negeseuon hyn",
		"dim mwy o negeseuon", "dad-danysgrifio", "STOP diolch",
		"Stop texting me", "stop texting", "STOP TEXTING ME!!!", "stop messaging me", "stop contacting me", "quit texting me",
		"please stop texting me on this number", "stop reminding me", "stop spamming me",
		"Please stop sending text reminders", "stop sending me texts", "stop sending these messages", "stop sending me these",
		"stop sending these", "stop sending these to me", "pls stop txting me", "stop sending me any more text messages please", "I want you to stop texting me", "can you stop texting me",
		"Could you please stop sending me these text messages", "would you stop messaging me",
		"I would like you to please stop sending me text messages to this number thank you",
		"stop texts", "stop the texts", "stop all texts", "stop these reminders", "stop my texts", "stop sms",
		"I want to stop these texts", "I need to stop these messages", "end texts", "cancel these messages", "cancel texts",
		"cancel all my text reminders", "please cancel appointment reminders", "I want to cancel these reminders",
		"no more texts", "No more messages please", "no more text reminders", "I want no more texts",
		"don't text me", "dont text me again", "do not text me", "do not contact me again", "Don’t message me any more",
		"don't send me texts", "please do not send any more messages", "dont send me any more texts",
		"I no longer want to receive these messages", "I no longer wish to receive text reminders", "I withdraw my consent to these texts",
		"I don't want these texts", "I do not want any more text messages", "i dont want to receive texts",
		"remove me", "remove my number", "please remove this number", "delete my number", "remove me from these texts",
		"remove my number from your system", "take me off these texts",
	},
	gateway.ReplyStart: {"START", "start", " Start. ", "UNSTOP", "unstop!", "“START”", "ＳＴＡＲＴ"},
	gateway.ReplyHelp:  {"HELP", "help", "Help!", "INFO", "info?"},
	gateway.ReplyCancel: {
		"CANCEL", "cancel", "Cancel.", "CANCEL 7834", "cancel #7834", "cancel7834", "(cancel)", "please cancel", "cancel please",
		"cancel my appointment", "Cancel my appt please", "cancel appointment", "cancel the appointment", "cancel it",
		"please cancel my appointment thanks", "can you cancel my appointment please", "could you please cancel my appointment",
		"I want to cancel", "I need to cancel my appointment", "I would like to cancel my appointment", "I'd like to cancel",
		"can I cancel", "cancel my appointment tomorrow", "cancel appointment 7834", "cancel my booking", "cancel this", "cancel that please", "need to cancel",
		"ancel", "cancle", "canel", "cansel", "cancell", "cancle my appointment", "cancel my appoitment",
		"canslo", "canslo 7834", "canslo fy apwyntiad", "canslo os gwelwch yn dda", "CANCEL 7834\nSent from my iPhone",
	},
	gateway.ReplyConfirm: {
		"YES", "yes", "Yes.", "Yes 7567", "YES7567", "yes please", "yes thanks", "yes thank you", "Y", "yep", "yeah",
		"OK", "ok", "Okay", "ok thanks", "ok 7567", "CONFIRM", "confirm 7567", "confirmed", "I confirm", "yes confirmed",
		"I'll be there", "I will be there", "yes I’ll be there", "IE", "iawn", "iawn diolch", "Yes\nSent from my iPhone",
	},
	gateway.ReplyWrong: {
		"wrong number", "Wrong number!", "wrong number?", "Sorry wrong number", "sorry, I think you have the wrong number", "wrong no", "worng number",
		"you've got the wrong person", "wrong person, stop texting me", "WRONG NUMBER 🙄", "wrong number mate", "Wrong number.\nSent from my iPhone",
		"not me", "it's not me", "This is not me", "I'm not Sarah", "I’m not Sarah", "I am not John Smith", "I'm not Mrs Jones", "this isn't John", "not John",
		"No this is not John", "This is not the patient", "I'm not your patient", "I'm not a patient at your surgery", "that's not my name",
		"no longer her number", "this is no longer her number", "This is no longer John's number", "Not her number anymore", "not my number", "this isn't his phone",
		"She doesn't live here", "John Smith doesn't live here any more", "She no longer has this number", "I don't know any John", "there is no John here",
		"no one called John here", "there's no one by that name here", "this is someone else's number", "I've had this number for 3 years", "I have just got this number",
		"wrong number please stop", "STOP wrong number", "Wrong number, please remove", "wrong number. leave me alone", "wrong number, remove me", "wrong number delete me please",
		"you're texting the wrong person", "this was sent to the wrong person", "wrong number for Jane", "sorry but you have the wrong number. please update your records",
		"rhif anghywir", "Mae'r rhif yn anghywir", "nid fi", "nid fi yw hwn",
	},
	gateway.ReplyUnsure: {
		// A slip of the finger.
		"Sotp", "stpo", "tsop", "stp", "ST OP", "STOPTEXTING", "unsubcrib", "unsuscibe", "unsubcrib me", "opt ot", "stop1", "STOP 111", "sotp please",
		// STOP with something beside it that changes nothing.
		"STOP 12345", "stop mate", "ok stop", "STOP YES", "stop - J Smith", "Stop\nJane Smith", "STOP. Mrs Jones", "Stop from Sarah", "stop immediately", "stop cancel",
		"cancel stop", "start stop", "stop start", "I said stop", "I told you to stop", "can you stop", "could you please stop", "stop me", "stop sending", "stop contact",
		// In anger.
		"stop you idiots", "stop fucking texting me", "for fucks sake stop", "I've already told you to stop texting me", "why won't you stop texting me", "fuck off", "piss off",
		"go away", "shut up", "leave me alone", "stop harassing me", "stop calling me", "bugger off, stop texting", "Stop sending these to me I am not interested", "go away and stop texting me", strings.Repeat("stop ", 20), "If you don't stop texting me I will complain",
		// In a roundabout way.
		"take me off", "take me off your list", "remove me from your list", "no texts", "not interested", "revoke consent", "I withdraw my consent", "I withdraw consent please", "how do I stop these texts?", "how do I opt out", "I want to stop texting",
		"don't text me today", "I don't need these reminders", "I don't want to be texted",
		// A plain phrase among other words.
		"Stop texting me I have moved to Leeds", "I don't know you, stop texting me", "do not contact me by text ring instead", "don't text me, ring me",
		"I did not sign up for this, unsubscribe", strings.Repeat("please ", 20) + "stop",
		// In other languages.
		"STOPIWCH", "peidiwch", "gadewch lonydd i mi", "dim negeseuon", "СТОП", "停止", "停", "قف", "توقف", "στοπ",
		"بند کرو", "रुको", "ਰੁਕੋ", "বন্ধ", "przestań", "zatrzymaj", "opriți", "basta", "parar", "dur",
	},
	gateway.ReplyOther: {
		"", " ", "?", "👍", "🛑", "\u200b", "\xff\xfe", "12345", "7834", "no", "No thanks", "thanks", "thank you", "please", "Sent from my iPhone",
		// Health, which is not ours to act on.
		"I need to stop my tablets", "should I stop my tablets", "stop smoking clinic?", "I want to stop smoking", "quit smoking", "when do I stop the cream",
		"I want to stop", "I need to stop", "can I stop taking the tablets", "how do I stop the bleeding", "I can't stop coughing", "stop aspirin", "stop ramipril", "stop 5mg",
		"I want to quit", "i want to end it", "end it", "end it all", "cancer", "Cancer?", "my cancer appointment", "leave me alone to die", "stop it hurting",
		"help me", "help please", "I need help", "please help", "can't breathe", "info about my results", "I'm not well", "I'm not feeling well",
		// The word in another meaning.
		"don't stop", "do not stop", "dont stop the texts", "please don't stop texting me", "never stop", "why did you stop texting me", "you told me to stop",
		"if you stop texting me I will miss it", "I never asked you to stop the texts", "I don't want you to stop texting me", "do you want me to stop texting you",
		"did I unsubscribe?", "opt out of data sharing", "how do I stop", "when to stop",
		"STOP by at 5?", "stop by", "which bus stop", "bus stop", "non stop", "stopwatch", "nonstop", "step", "shop", "top", "spot",
		"stop and think", "I withdraw my consent to the operation", "I no longer want the appointment", "I no longer want to receive treatment", "stop the appointment", "the doctor told me to stop", "stop 5", "stop sending letters", "stop my prescription", "stop my medication please",
		"remove me from the waiting list", "do not send me a letter", "he has died, stop texting me",
		// Not of a number.
		"who is this", "Who is this?", "wrong day", "wrong time", "wrong appointment", "wrong surgery", "not my appointment", "I'm not coming", "I'm not sure", "I no longer live here",
		"I've changed my number", "you gave me the wrong number of tablets", "which number is wrong", "no problem", "there is no parking here", "not today", "is this a scam?",
		// Nearly an opt-in: a wrong one texts somebody who said no.
		"start please", "please start", "start texting me", "start again", "restart", "START 1234", "when do I start", "subscribe",
		"resubscribe", "opt in", "UNSTOP me", "yes start", "dechrau", "START\nSent from my iPhone",
		// Rebooking, and what cannot be decided.
		"REBOOK", "rebook 5684", "cancel and rebook", "can I cancel and rebook", "can I change my appointment", "I can't come",
		"can't make it", "cancel my 3pm not 2pm", "don't cancel", "do not cancel my appointment", "has it been cancelled?",
		"cancelled", "is my appointment cancelled", "cancel or keep?", "cancel my appointment on thursday at 3", "cancel my prescription",
		"cancel both", "cancel all", "yes cancel", "ok cancel it", "Yes but can it be later", "yes and no", "yes?no", "not ok",
		"please confirm", "please confirm my appointment", "can you confirm", "confirm please", "yes I'll be late", "ok 2", "yes 3pm",
		"will there be parking", "running 10 minutes late", "my address has changed", "y tho",
		// More than anybody writes who means our texts.
		"stop texting me" + strings.Repeat(" and so on", 25),
		// Other letters.
		"НЕТ", "不来", "لا", strings.Repeat("ω", 1600),
	},
}

func TestPatientsWordsMeanWhatTheySay(t *testing.T) {
	t.Parallel()
	total := 0
	for kind, list := range phrases {
		for _, s := range list {
			if got := gateway.ReadReply(s); got != kind {
				t.Errorf("%q: %s, want %s", s, got, kind)
			}
		}
		total += len(list)
	}
	if total < 150 {
		t.Errorf("only %d phrases", total)
	}
}

// TestTheSharedCorpusOfReplies reads replies.tsv: reply, what Twilio does with it,
// what it means. HUMAN and REBOOK are for a person, and what looks like an opt-out is
// suppressed as well.
func TestTheSharedCorpusOfReplies(t *testing.T) {
	t.Parallel()
	kinds := map[string]gateway.ReplyKind{
		"STOP": gateway.ReplyStop, "START": gateway.ReplyStart, "HELP": gateway.ReplyHelp, "CANCEL_APPT": gateway.ReplyCancel,
		"CONFIRM": gateway.ReplyConfirm, "HUMAN": gateway.ReplyOther, "REBOOK": gateway.ReplyOther,
	}
	suppressed := []string{"Sotp", "STOPIWCH", "STOP 12345"}
	rows := 0
	lines := bufio.NewScanner(bytes.NewReader(gatewaytest.Sample(t, "replies/replies.tsv")))
	for n := 1; lines.Scan(); n++ {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") || len(cells) < 3 {
			continue
		}
		want, known := kinds[cells[2]]
		if !known {
			t.Fatalf("line %d: unknown meaning %q", n, cells[2])
		}
		if slices.Contains(suppressed, cells[0]) {
			want = gateway.ReplyUnsure
		}
		if got := gateway.ReadReply(cells[0]); got != want {
			t.Errorf("line %d: %s, want %s", n, got, want)
		}
		rows++
	}
	if rows == 0 {
		t.Fatal("the corpus holds no rows")
	}
}

// TestWhatTheProviderBlocksWeBlock keeps our ledger from saying less than the
// provider's: every default opt-out word of Twilio but CANCEL, which is about the
// visit, is a stop here too.
func TestWhatTheProviderBlocksWeBlock(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT"} {
		if got := gateway.ReadReply(word); got != gateway.ReplyStop {
			t.Errorf("%s: %s", word, got)
		}
	}
	if got := gateway.ReadReply("CANCEL"); got != gateway.ReplyCancel {
		t.Errorf("CANCEL: %s", got)
	}
}

func TestYesNeverOptsIn(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"YES", "yes", "Yes!", "YES 7567", "yes please", "yes start"} {
		if gateway.ReadReply(s) == gateway.ReplyStart {
			t.Errorf("%q opts in", s)
		}
	}
}

// optOutWords are all the words that an opt-out is made of. One other word, and a
// text is no opt-out, however many of these are in it.
var optOutWords = strings.Fields(`STOP STOPP STOPALL ALL IT THIS S T O P REPLY ATEBWCH UNSUBSCRIBE UN SUBSCRIBE END QUIT REVOKE
	OPT OPTOUT OPTING OUT ARRET ARRETE ARRETT STOPIO STOPIOR STOPIWCH ATAL DAD DANYSGRIFIO DADDANYSGRIFIO
	PLEASE PLS PLZ PLEAS KINDLY JUST HI HELLO HIYA HELO PLIS NOW OS GWELWCH YN DDA THANKS THANK YOU THANKYOU THX TA CHEERS DIOLCH
	CAN COULD WILL WOULD I WANT NEED WISH LIKE ID TO TEXTING MESSAGING MSGING CONTACTING REMINDING BOTHERING SPAMMING ME US
	SENDING THESE THEM DONT DO NOT TEXT MESSAGE MSG CONTACT NUMBER MY PHONE MOBILE SEND REMOVE DELETE FROM THE LIST SYSTEM
	DATABASE RECORDS YOUR TAKE OFF Y YR R NEGESEUON HYN ANFON DIM MWY O CANCEL NO MORE GET RECEIVE OF IM ANYMORE ANY
	LONGER REVOKE WITHDRAW CONSENT PERMISSION FOR TXTING
	FUTURE FURTHER THOSE TXT SMS APPOINTMENT REMINDER TEXTS TXTS MESSAGES MSGS REMINDERS NOTIFICATIONS ALERTS ON AGAIN EVER`)

// TestALongTextOptsOutOnlyByAnExplicitPhrase draws texts of more than eight words
// out of opt-out words, clinic words and courtesies. With a single word in it
// that belongs to no opt-out phrase it must go to a person.
func TestALongTextOptsOutOnlyByAnExplicitPhrase(t *testing.T) {
	t.Parallel()
	clinic := []string{"tablets", "Tuesday", "doctor", "pain", "because", "don't", "bus", "results", "nurse", "5pm", "smoking", "and", "if", "when", "until"}
	word := rapid.OneOf(rapid.SampledFrom(optOutWords), rapid.SampledFrom(clinic), rapid.StringMatching(`[a-z]{1,9}`))
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(word, 9, 30).Draw(t, "words")
		kind := gateway.ReadReply(strings.Join(words, rapid.SampledFrom([]string{" ", ", ", "\n", "  "}).Draw(t, "between")))
		if kind == gateway.ReplyStop && slices.ContainsFunc(words, foreign) {
			t.Error("a sentence with a word of its own opted out")
		}
		if kind == gateway.ReplyStart || kind == gateway.ReplyHelp || kind == gateway.ReplyConfirm {
			t.Errorf("more than eight words are %s", kind)
		}
	})
}

func foreign(word string) bool {
	bare := strings.ToUpper(strings.ReplaceAll(word, "'", ""))
	return !slices.Contains(optOutWords, bare) && strings.Trim(bare, "STOP") != ""
}

// TestAWordMoreMakesAStopAQuestion puts one foreign word before, after or into
// every stop phrase: none of them may opt out any more.
func TestAWordMoreMakesAStopAQuestion(t *testing.T) {
	t.Parallel()
	for _, s := range phrases[gateway.ReplyStop] {
		words := strings.Fields(s)
		for _, foreign := range []string{"tablets", "smoking", "unless", "5pm"} {
			for i := range len(words) + 1 {
				if got := gateway.ReadReply(strings.Join(slices.Insert(slices.Clone(words), i, foreign), " ")); got == gateway.ReplyStop {
					t.Errorf("%q with %q as word %d still opts out", s, foreign, i+1)
				}
			}
		}
	}
}

// wordsOf counts what is made of letters or digits; an emoji or a broken byte is no word.
func wordsOf(text string) int {
	n := 0
	for _, w := range strings.Fields(text) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// TestALongTextIsNeverActedOn draws texts of more than sixteen words out of what patients
// write: a machine may hold back for a person, and nothing else.
func TestALongTextIsNeverActedOn(t *testing.T) {
	t.Parallel()
	var said []string
	for _, list := range phrases {
		said = append(said, list...)
	}
	slices.Sort(said)
	plain := []gateway.ReplyKind{gateway.ReplyStop, gateway.ReplyStart, gateway.ReplyHelp, gateway.ReplyCancel, gateway.ReplyConfirm}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(said), 1, 20).Draw(t, "said"), " ")
		for wordsOf(text) <= 16 || rapid.Bool().Draw(t, "more") {
			text += " " + rapid.SampledFrom(append(optOutWords, "yes", "cancel", "start", "1234")).Draw(t, "word")
		}
		if kind := gateway.ReadReply(text); slices.Contains(plain, kind) {
			t.Errorf("it is read as %s", kind)
		}
	})
}

// TestWhatSpeaksOfHealthIsForAPersonOnly puts what patients stop for their health, one
// thing after the other, behind everything that looks like an opt-out, and into it.
func TestWhatSpeaksOfHealthIsForAPersonOnly(t *testing.T) {
	t.Parallel()
	health := strings.Fields(`tablets medication meds pills inhaler insulin cream HRT smoking drinking vaping bleeding coughing breathing treatment
		chemo dialysis antibiotics steroids painkillers aspirin warfarin ramipril simvastatin amlodipine omeprazole sertraline apixaban metformin
		bisoprolol prednisolone gabapentin diazepam citalopram lisinopril atorvastatin salbutamol methotrexate codeine amoxicillin`)
	turn := 0
	for _, kind := range []gateway.ReplyKind{gateway.ReplyStop, gateway.ReplyUnsure, gateway.ReplyWrong} {
		for _, s := range phrases[kind] {
			words := strings.Fields(s)
			for i := range 6 * len(words) {
				turn++
				at, about := i%len(words)+1, health[turn%len(health)]
				if got := gateway.ReadReply(strings.Join(slices.Insert(slices.Clone(words), at, about), " ")); got.OptsOut() != "" {
					t.Errorf("%q with %q behind word %d is read as %s", s, about, at, got)
				}
			}
		}
	}
}

func TestCaseSpacesAndPunctuationMakeNoDifference(t *testing.T) {
	t.Parallel()
	noise := rapid.SampledFrom([]string{" ", "  ", "\n", "\t", ".", "!", ", ", "\u00a0", "\u200b ", " \ufe0f", "🙂", " - ", "\"", "…"})
	var all []string
	for _, list := range phrases {
		all = append(all, list...)
	}
	slices.Sort(all)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(all).Draw(t, "phrase")
		want := gateway.ReadReply(s)
		var b strings.Builder
		b.WriteString(noise.Draw(t, "before"))
		for i, word := range strings.Fields(s) {
			if i > 0 {
				b.WriteString(" " + noise.Draw(t, "between") + " ")
			}
			b.WriteString(anyCase(t, word))
		}
		b.WriteString(noise.Draw(t, "after"))
		if got := gateway.ReadReply(b.String()); got != want {
			t.Errorf("%s became %s", want, got)
		}
	})
}

func anyCase(t *rapid.T, word string) string {
	upper := rapid.SliceOfN(rapid.Bool(), len(word), len(word)).Draw(t, "capitals")
	i := -1
	return strings.Map(func(r rune) rune {
		i++
		if upper[i] {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, word)
}

func TestAnyTextIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringN(0, 1600, -1)).Draw(t, "text")
		if kind := gateway.ReadReply(s); !slices.Contains(gateway.ReplyKinds, kind) {
			t.Errorf("kind %d", kind)
		}
	})
}

func FuzzReadReply(f *testing.F) {
	for _, list := range phrases {
		for _, s := range list {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind := gateway.ReadReply(s)
		if !slices.Contains(gateway.ReplyKinds, kind) {
			t.Fatalf("kind %d", kind)
		}
		if again := gateway.ReadReply(" \"" + s + "\"!\n"); again != kind {
			t.Errorf("%s became %s in quotes", kind, again)
		}
		if kind != gateway.ReplyOther && kind == gateway.ReadReply(s+" tablets") {
			t.Errorf("still %s with a foreign word behind", kind)
		}
	})
}
