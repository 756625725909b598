public import SystemPackage

/// The inside of a program `age-plugin-NAME`: has any age program seal and open with recipients and
/// identities of a host's own (C2SP age-plugin.md).
///
/// The program says what it understands, and runs:
///
///     struct FroodKeys: PluginKeys {
///       func identity(
///         _ data: SecretBytes, asking person: any PluginInteraction
///       ) throws(CryptoError) -> any Identity { try FroodIdentity(data, asking: person) }
///     }
///     let program = try PluginProgram(name: "frood", keys: FroodKeys())
///     try program.run(arguments: CommandLine.arguments)
///
/// Texts of its keys are made with ``PluginRecipient/init(plugin:data:host:)`` and
/// ``PluginIdentity/init(plugin:data:host:)``. Nothing else may be written to the standard output
/// while it runs; what the person should read goes through the ``PluginInteraction``.
public struct PluginProgram: Sendable {
  private let name: PluginName
  let keys: any PluginKeys
  /// How much to take from the age program: the headers of several files, and no hurry.
  public var limits = PluginLimits(byteCount: 16 << 20, silence: nil)

  /// Makes a plugin.
  ///
  /// - Parameters:
  ///   - name: As in `age-plugin-NAME`; upper and lower case are the same.
  ///   - keys: What it understands.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the name has characters that it may not have.
  public init(name: String, keys: any PluginKeys) throws(CryptoError) {
    guard let checked = PluginName(name) else { throw PluginName.invalid(name) }
    self.name = checked
    self.keys = keys
  }

  private static let flag = "--age-plugin="

  /// The data of a key that is this plugin's.
  func data(
    of text: SecretBytes, _ decode: (RawSpan) -> (name: PluginName, data: SecretBytes)?
  ) throws(CryptoError) -> SecretBytes {
    guard let (name, data) = text.withBytes({ decode($0) }), name == self.name else {
      throw CryptoError(.invalidKey, "this is not a key of \(self.name.program), or mistyped")
    }
    return data
  }

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
