variable "sku" {
  default = "Standard"
}

variable "immutability" {
  default = "Disabled"
}

variable "tags" {
  type    = map(string)
  default = {}
}

provider "azurerm" {
  features {}
}

resource "azurerm_resource_group" "test" {
  name     = "acctestRG-recovery"
  location = "West Europe"
}

resource "azurerm_user_assigned_identity" "test" {
  name                = "Acctest-Identity"
  location            = azurerm_resource_group.test.location
  resource_group_name = azurerm_resource_group.test.name
}

resource "azurerm_recovery_services_vault" "test" {
  name                          = "acctest-Vault"
  location                      = azurerm_resource_group.test.location
  resource_group_name           = azurerm_resource_group.test.name
  sku                           = var.sku
  immutability                  = var.immutability
  storage_mode_type             = "GeoRedundant"
  cross_region_restore_enabled  = true
  public_network_access_enabled = false
  tags                          = var.tags

  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.test.id]
  }

  monitoring {
    alerts_for_all_job_failures_enabled            = true
    alerts_for_critical_operation_failures_enabled = false
  }
}

data "azurerm_recovery_services_vault" "test" {
  name                = azurerm_recovery_services_vault.test.name
  resource_group_name = azurerm_resource_group.test.name
}

output "vault" {
  value = data.azurerm_recovery_services_vault.test.identity[0].principal_id
}
