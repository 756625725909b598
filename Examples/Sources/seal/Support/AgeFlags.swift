/// The options as age takes them: those of Go programs, where a long one may have one hyphen, and a
/// short one two.
enum AgeFlags {
  private static let names: Set = [
    "armor", "decrypt", "encrypt", "identity", "output", "passphrase", "pq", "recipient",
    "recipients-file", "a", "d", "e", "i", "j", "o", "p", "R", "r", "y",
  ]
  /// Those that the next argument belongs to.
  private static let namesWithValue: Set = [
    "identity", "output", "passphrase-fd", "recipient", "recipients-file", "i", "j", "o", "R", "r",
  ]

  /// The arguments with as many hyphens as the parser wants.
  static func translated(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var isValue = false
    for (position, argument) in arguments.enumerated() {
      if argument == "--", !isValue { return result + arguments[position...] }
      let word = argument.drop { $0 == "-" }
      let name = String(word.prefix { $0 != "=" })
      let hyphenCount = argument.count - word.count
      let isOption = !isValue && (1...2).contains(hyphenCount)
      isValue = isOption && word == name && namesWithValue.contains(name)
      let isKnown = isOption && names.contains(name)
      result.append(isKnown ? (name.count == 1 ? "-" : "--") + word : argument)
    }
    return result
  }
}
