/// A promise that is not kept.
package struct Broken: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// A promise that cannot be examined.
package struct Skipped: Error {
  package let reason: String
  package init(reason: String) { self.reason = reason }
}

package func expect(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
  if !condition { throw Broken(otherwise()) }
}
