package configs

import (
	"regexp"
	"strings"
)

var (
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	senderName = regexp.MustCompile(`^[A-Za-z0-9]{1,11}$`)
)

func checkSender(sender string, mode Mode, path string, out *report) {
	switch {
	case sender == "":
		out.fault(path, "is missing: write the number that the practice texts from, such as +447700900001")
	case strings.HasPrefix(sender, "+") && !e164.MatchString(sender):
		out.fault(path, "is not a whole international number: write it without spaces, such as +447700900001")
	case mode == Live && strings.HasPrefix(sender, dramaPrefix):
		out.warn(path, "is a number that Ofcom keeps for films and tests: write the number rented from the provider")
	case strings.HasPrefix(sender, "+"):
	case !senderName.MatchString(sender):
		out.fault(path, "must be an international number such as +447700900001, or a name of at most 11 letters and digits without spaces")
	case strings.Trim(sender, "0123456789") == "":
		out.fault(path, "is a number without its country: write it as +44 and the rest without the 0")
	case bannedSender(sender):
		out.fault(path, "is one of the general names that NHS services may not send under: name the practice")
	default:
		out.warn(path, "is a name, so patients cannot reply: no STOP reaches you, and the text must not ask for one")
	}
}

// bannedSenders are the sender names and terms that NHS Notify does not allow
// ("Tell recipients who your messages are from", read in November 2026).
const bannedSenders = " 2fa accept access active alert app appointment approved auth aware bank banking call card" +
	" caution code confirm contact control delivery energy fraud help info loan login logistics message mobile msg" +
	" network nhsnoreply nhsnotify noreply notify order otp parcel pay payment pin rebate receipt reminder reply" +
	" schedule secure shipping sms support text trace txt update verify winner "

// bannedSender looks for the very term or its plural. Whether a name is another
// variation of one is for people: a search for parts would refuse "Spinney".
func bannedSender(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(bannedSenders, " "+low+" ") ||
		strings.Contains(bannedSenders, " "+strings.TrimSuffix(low, "s")+" ")
}
