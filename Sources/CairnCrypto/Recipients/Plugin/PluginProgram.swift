public import SystemPackage

/// The inside of a program `age-plugin-NAME`: has any age program seal and open with recipients and
/// identities of a host's own (C2SP age-plugin.md).
///
/// A plugin is a `main` of a few lines:
///
///     var program = try PluginProgram(name: "frood")
///     program.recipient = { data, person in try FroodRecipient(data) }
///     program.identity = { data, person in try FroodIdentity(data, asking: person) }
///     try program.run(arguments: CommandLine.arguments)
///
/// and its keys are made with ``PluginRecipient/init(plugin:data:host:)`` and
/// ``PluginIdentity/init(plugin:data:host:)``. Nothing else may be written to the standard output
/// while it runs; what the person should read goes through the ``PluginInteraction``.
public struct PluginProgram: Sendable {
  /// Makes a recipient of the data in its text. The interaction reaches the person in front of the
  /// age program, while this closure and ``Recipient/wrap(_:)`` run.
  public typealias MakeRecipient =
    @Sendable (SecretBytes, any PluginInteraction) throws(CryptoError) -> any Recipient
  /// Makes an identity of the data in its text. The interaction reaches the person in front of the
  /// age program, while this closure and ``Identity/unwrap(_:)`` run.
  public typealias MakeIdentity =
    @Sendable (SecretBytes, any PluginInteraction) throws(CryptoError) -> any Identity

  /// Reads the data of `age1NAME1…`; `nil` if there are no such recipients.
  public var recipient: MakeRecipient?
  /// Reads the data of `AGE-PLUGIN-NAME-1…`, to open; `nil` if there are no such identities.
  public var identity: MakeIdentity?
  /// Reads the data of `AGE-PLUGIN-NAME-1…`, to seal for whom it opens; `nil` if that cannot be
  /// done.
  public var identityAsRecipient: MakeRecipient?
  /// How much to take from the age program: the headers of several files, and no hurry.
  public var limits = PluginLimits(byteCount: 16 << 20, silence: nil)

  let name: PluginName

  /// Makes a plugin that knows no keys yet.
  ///
  /// - Parameter name: As in `age-plugin-NAME`; upper and lower case are the same.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it has characters that it may not have.
  public init(name: String) throws(CryptoError) {
    guard let checked = PluginName(name) else { throw PluginName.invalid(name) }
    self.name = checked
  }

  private static let flag = "--age-plugin="

  /// Whether these arguments are those of an age program; a person who runs the plugin to make a
  /// key, say, gives others.
  public static func isCalled(with arguments: [String]) -> Bool {
    arguments.contains { $0.hasPrefix(flag) }
  }

  /// Has the conversation with the age program. Blocks until it is over.
  ///
  /// - Parameters:
  ///   - arguments: Those of the program.
  ///   - input: What the age program says; borrowed.
  ///   - output: What it hears; borrowed.
  /// - Throws: ``CryptoError/Code/plugin`` if the conversation is of a kind that is not known, or
  ///   the age program breaks its rules; when sealing, the error that the age program was told. End
  ///   the program with a status other than 0 then.
  public func run(
    arguments: [String], input: FileDescriptor = .standardInput,
    output: FileDescriptor = .standardOutput
  ) throws(CryptoError) {
    guard let argument = arguments.first(where: { $0.hasPrefix(Self.flag) }) else {
      throw CryptoError(
        .plugin, "\(name.program) is a plugin: give its keys to an age program, which will run it")
    }
    let channel = PluginChannel(
      input: input, output: output, limits: limits, peer: "the age program that runs this plugin")
    switch argument.dropFirst(Self.flag.count) {
    case "recipient-v1": try wrap(over: channel)
    case "identity-v1": try unwrap(over: channel)
    case let other:
      throw CryptoError(
        .plugin, "\(name.program) knows no conversation of the kind \(other): update it")
    }
  }
}
