/// What is looked at before a frozen arena is used.
public struct FrozenCheck: Sendable, Hashable {
  private enum Kind: Hashable { case everything, header }
  private let kind: Kind

  /// All of it: both checksums, each record, and that each string is found. Reads the whole file.
  public static let everything = FrozenCheck(kind: .everything)
  /// The header and the sizes only, in microseconds, whatever the size of the file.
  ///
  /// For files that nobody else can write. A damaged one can give wrong strings, miss some, trap on
  /// a symbol that it gave out itself, or take long to say that it has not a string. It cannot make
  /// anything be read that is not in the file.
  public static let header = FrozenCheck(kind: .header)
}
