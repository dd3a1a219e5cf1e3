package twilio

import "bellman/gateway"

// meaning is what one of Twilio's error codes says of a reminder.
type meaning struct {
	class  gateway.Class
	reason gateway.Reason
}

var (
	busy          = meaning{gateway.TryLater, gateway.NetworkTransient}
	queueFull     = meaning{gateway.TryLater, gateway.ProviderTrouble}
	notToday      = meaning{gateway.TryLater, gateway.NotDelivered}
	unsure        = meaning{gateway.Uncertain, gateway.UnknownOutcome}
	lost          = meaning{gateway.Uncertain, gateway.NotDelivered}
	unanswered    = meaning{gateway.Uncertain, gateway.NotAnswered}
	badNumber     = meaning{gateway.Rejected, gateway.ProviderNumber}
	badMessage    = meaning{gateway.Rejected, gateway.ProviderMessage}
	optedOut      = meaning{gateway.Stopped, gateway.ProviderOptOut}
	brokenAccount = meaning{gateway.Account, gateway.ProviderAccount}
)

// codes are Twilio's error codes as its error pages describe them
// (twilio.com/docs/api/errors/CODE). 20xxx and 21xxx answer a request; 30xxx
// come with a receipt.
var codes = map[int]meaning{
	10001: brokenAccount, // account is not active
	20003: brokenAccount, // wrong token or key, wrong region, or suspended
	20005: brokenAccount, // account is not active
	20403: brokenAccount, // forbidden
	20404: brokenAccount, // no such account or service
	20429: busy,          // too many requests: never processed
	20500: unsure,        // Twilio's own error: it may have been taken

	21211: badNumber,     // To is not a number
	21212: brokenAccount, // From is not usable
	21265: badNumber,     // To is a short code
	21266: badMessage,    // To and From are the same
	21408: brokenAccount, // texts to that country are switched off for the account
	21601: brokenAccount, // From cannot send texts
	21602: badMessage,    // no body
	21603: brokenAccount, // no From
	21604: badMessage,    // no To
	21606: brokenAccount, // From does not belong to the account
	21608: brokenAccount, // a trial account texts verified numbers only
	21609: brokenAccount, // the address for receipts is not usable: public_url
	21610: optedOut,      // the patient sent STOP; at once or, with Advanced Opt-Out, in the receipt
	21611: queueFull,     // the sender has ten hours of texts waiting
	21612: badNumber,     // no route from this sender to this number
	21614: badNumber,     // not a mobile
	21617: badMessage,    // over 1,600 characters
	21619: badMessage,    // no body
	21635: badNumber,     // a landline
	21659: brokenAccount, // From is not a Twilio number
	21660: brokenAccount, // From belongs to another account
	21661: brokenAccount, // From cannot send texts
	21663: brokenAccount, // From lives in the other region
	21668: brokenAccount, // this kind of sender is not for that region
	21703: brokenAccount, // the Messaging Service has no usable sender
	21704: brokenAccount, // the Messaging Service has no numbers
	21705: brokenAccount, // no such Messaging Service
	21712: brokenAccount, // the sender is in another Messaging Service

	30001: queueFull,     // queue overflow: never left
	30002: brokenAccount, // account suspended before the text left
	30003: notToday,      // the phone is off or out of reach
	30004: badNumber,     // blocked by the recipient or the network
	30005: badNumber,     // the number does not exist
	30006: badNumber,     // a landline, or a network that takes no texts
	30007: badMessage,    // filtered as unwanted
	30008: lost,          // the network gives no reason: it may have arrived
	30009: brokenAccount, // part of an inbound text is missing
	30017: notToday,      // the network is congested
	30022: notToday,      // over the network's rate
	30034: brokenAccount, // sender not registered
	30036: notToday,      // waited in the queue longer than ValidityPeriod: never left
	30410: unanswered,    // the network did not answer: it may have arrived
	30450: notToday,      // held back for a while as a suspected fraud on the account
	30500: lost,          // Twilio's own error
	30610: badMessage,    // quiet hours (United States)

	35114: badMessage, // scheduling, which is not used
	35115: badMessage,
	35117: badMessage,
	35118: brokenAccount, // scheduling needs a Messaging Service
	63018: notToday,      // rate of the channel
}

// wholeAccount are the codes that speak of the account and not of one sender of it.
var wholeAccount = []int{10001, 20003, 20005, 20403, 30002}

// Classify says what an error code means for a reminder, and why in the words of
// reception. A code that is not in the table, 0 included, is Uncertain: nobody
// has said that the text did not go.
func Classify(code int) (gateway.Class, gateway.Reason) {
	m, ok := codes[code]
	if !ok {
		m = unsure
	}
	return m.class, m.reason
}
