public import SystemPackage

/// How plugins are run: programs `age-plugin-NAME` that wrap and unwrap file keys with hardware
/// tokens, key services, or whatever they can (C2SP age-plugin.md).
///
/// A plugin is a program that runs with the rights of this one. Which one is run is up to the text
/// of a key, so take plugin keys only from whom you would take a program name.
public struct PluginHost: Sendable {
  /// Who shows the messages of plugins and answers their questions.
  public var interaction: any PluginInteraction
  /// Where to look for plugins, in this order; `nil` for the directories in `PATH`. Paths that are
  /// not absolute are passed over, so that the working directory does not matter.
  public var searchPath: [FilePath]?
  /// Where plugins write messages that are not part of the conversation; `nil` for nowhere. The
  /// descriptor is borrowed.
  public var standardError: FileDescriptor?
  /// How much to take from a plugin.
  public var limits: PluginLimits

  /// Makes a host.
  ///
  /// - Parameters:
  ///   - interaction: Who answers; by default nobody.
  ///   - searchPath: Where to look for plugins; by default in `PATH`.
  ///   - standardError: Where plugins write other messages; by default nowhere.
  ///   - limits: How much to take from a plugin.
  public init(
    interaction: any PluginInteraction = NoPluginInteraction(), searchPath: [FilePath]? = nil,
    standardError: FileDescriptor? = nil, limits: PluginLimits = PluginLimits()
  ) {
    self.interaction = interaction
    self.searchPath = searchPath
    self.standardError = standardError
    self.limits = limits
  }
}
