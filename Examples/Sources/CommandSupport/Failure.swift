/// Why a command refuses or fails: a sentence without its full stop that says what to do.
package struct Failure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
