package gateway

import "strings"

// StopsAll reports whether a patient's STOP is meant for every practice of the
// installation: the words STOP ALL and nothing else but courtesies. "Stop all texts"
// to one practice speaks of that practice's.
func StopsAll(s string) bool {
	text := courteous(unsigned(strings.Fields(fold(s))))
	return ReadReply(s) == ReplyStop && (text == "STOP ALL" || text == "STOPALL")
}
