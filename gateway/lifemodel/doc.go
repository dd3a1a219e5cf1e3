// Package lifemodel plays one reminder's life through in every order in which its
// actors can take their steps, and holds each of them to the laws of the house:
// never two texts, none after STOP, an end with a reason. It holds tests only.
//
// The moves are those of the real table (gateway.MayMove, gateway.SourcesOf). What
// the scripts and the workers do is told again here in plain Go, step by step,
// beside the name of the file that it follows: whoever changes one of these
// changes it here. What the model leaves out stands in docs/reliability.md.
package lifemodel
