// Reports, and whoever tests targets may test page storages too.
@_exported public import CairnTestKit
