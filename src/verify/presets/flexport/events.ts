/**
 * Flexport's events. All have the same body; `data.resource` says by its `_object` what it is, not by the event's type:
 * Flexport's own example has a shipment in a `/shipment_leg#departed`. Members are required only where every documented
 * and captured delivery has them; times are text in ISO 8601. Document and purchase order events are unlisted.
 * Source: apidocs.flexport.com, Milestones, Event and the objects' own pages; where these and 1,162 objects that the API gave
 * (distributeaid/flexport-api-sandbox) differ, the objects count.
 */
import type { Members, Open, Some, Typed, TypedEvent, Unlisted, UnlistedString } from '../../event.ts';
import type { FlexportType } from './milestones.ts';
import type { FlexportMoney, FlexportNode, FlexportQuantity, FlexportRef } from './parts.ts';

export type { FlexportType } from './milestones.ts';
export type * from './parts.ts';

/** @see https://apidocs.flexport.com/v2/tag/Shipment */
export type FlexportMode = Open<
  Carriage | 'ocean_air' | 'truck_intl' | 'warehouse_storage' | 'unknown_transportation'
>;

/** @see https://apidocs.flexport.com/v2/tag/Shipment */
export type FlexportStatus = Open<
  | `${'in_transit_to_' | ''}${'departure' | 'intermediary' | 'arrival'}_port`
  | `${'origin' | 'destination'}_stop_off`
  | `${'in_transit_to_' | ''}final_destination`
  | 'seller_location'
  | 'deconsolidation'
  | 'gated_out'
>;

type Carriage = 'ocean' | 'air' | 'barge' | 'truck' | 'rail';
type Metadata = Readonly<Record<string, readonly string[]>>;
type Travel = `${'estimated' | 'actual'}_${'departure' | 'arrival'}_date`;
/** The estimate until it has happened. */
type Told = `${'departure' | 'arrival' | 'picked_up_in_full' | 'delivered_in_full'}_date`;
type InFull = `${'estimated' | 'actual'}_${'picked_up' | 'delivered'}_in_full_date`;
type AtPlace = `${'estimated' | 'actual'}_${'pickup' | 'delivery'}_date`;
type Party = 'shippers' | 'consignees' | 'buyers' | 'sellers' | 'importers_of_record';

/**
 * Flexport's pages write `/shipments`, the captured delivery `/shipment`.
 * @see https://apidocs.flexport.com/v2/tag/Shipment
 */
export interface FlexportShipment
  extends Some<string, 'name' | 'incoterm' | 'it_number' | 'freight_cost'>,
    Some<string, Travel | InFull | Told | 'created_date' | 'updated_at' | 'archived_at' | 'cargo_ready_date'>,
    Some<FlexportQuantity, 'calculated_weight' | 'calculated_volume'>,
    Some<FlexportRef, 'booking' | 'legs' | 'customs_entries' | 'commercial_invoices' | 'documents'>,
    Some<Members, 'ocean_shipment' | 'air_shipment'>,
    Some<readonly Members[], Party | 'items'> {
  readonly _object: '/shipment' | '/shipments';
  readonly id: number;
  readonly status?: FlexportStatus;
  readonly transportation_mode?: FlexportMode;
  readonly freight_type?: Open<`${'port' | 'door'}_to_${'port' | 'door'}`> | null;
  readonly priority?: Open<'standard' | 'high'>;
  readonly pieces?: number | null;
  readonly metadata?: Metadata;
}

/** @see https://apidocs.flexport.com/v2/tag/ShipmentLeg */
export interface FlexportShipmentLeg
  extends Some<string, Travel | 'cargo_ready_date' | 'carrier_name'>,
    Some<FlexportRef, 'shipment'>,
    Some<FlexportNode, 'origin' | 'destination'>,
    Some<Members, 'additional_dates' | 'air_leg' | 'ocean_leg' | 'rail_leg'> {
  readonly _object: '/shipment_leg';
  readonly id: number;
  readonly transportation_mode?: FlexportMode;
  readonly trucking_leg?: FlexportTruckingLeg | null;
}

/** @see https://apidocs.flexport.com/v2/tag/ShipmentLeg */
export interface FlexportTruckingLeg extends Some<FlexportRef, 'container_legs'> {
  readonly _object: string;
  readonly tracking_number?: string | null;
  readonly service_type?: Open<'ltl' | 'ftl' | 'drayage' | 'cartage'> | null;
  readonly pieces?: number | null;
}

/** @see https://apidocs.flexport.com/v2/tag/Container */
export interface FlexportContainer
  extends Some<string, 'container_number' | 'container_type' | 'container_size' | 'seal_number'>,
    Some<string, Travel | AtPlace | 'available_for_pickup_date' | 'estimated_available_for_pickup_date'>,
    Some<string, 'cargo_ready_date' | 'last_free_day_date' | 'empty_returned_date'>,
    Some<FlexportRef, 'shipment' | 'container_legs'>,
    Some<readonly Members[], 'items'> {
  readonly _object: '/ocean/shipment_container';
  readonly id: number;
  readonly metadata?: Metadata;
}

/** @see https://apidocs.flexport.com/v2/tag/ContainerLeg */
export interface FlexportContainerLeg extends Some<FlexportRef, 'shipment_container' | 'leg'> {
  readonly _object: '/ocean/shipment_container_leg';
  readonly id: number;
  /** An object, although Flexport's pages say a list; empty until something has happened. */
  readonly dates?: (Members & Some<string, 'actual_loaded_on_board_date' | 'actual_discharge_date'>) | null;
}

/** @see https://apidocs.flexport.com/v2/tag/Invoices */
export interface FlexportInvoice
  extends Some<string, 'name' | 'issued_at' | 'due_date' | 'voided_at' | 'last_updated_at'>,
    Some<FlexportMoney, 'total' | 'balance'>,
    Some<readonly Members[], 'items'> {
  readonly _object: '/invoice';
  /** Text, unlike the ids of the others. */
  readonly id: string;
  readonly status?: Open<'outstanding' | 'past_due' | 'void' | 'paid' | 'payment_pending'>;
  readonly type?: Open<'Shipment' | 'Client'>;
}

/** @see https://apidocs.flexport.com/v2/tag/Documents */
export interface FlexportDocument
  extends Some<string, 'document_type' | 'file_link' | 'archived_at'>,
    Some<FlexportRef, 'shipment'> {
  readonly _object: '/document';
  /** Text, unlike the ids of the others. */
  readonly id: string;
  readonly file_metadata?: {
    readonly _object: string;
    /** In bytes. */
    readonly size: number;
    readonly uploaded_at: string;
  } | null;
}

/**
 * Told apart by `_object`; the last is every other.
 * @see https://apidocs.flexport.com/v2/tag/Event
 */
export type FlexportResource =
  | FlexportShipment
  | FlexportShipmentLeg
  | FlexportContainer
  | FlexportContainerLeg
  | FlexportInvoice
  | FlexportDocument
  | (Members & { readonly _object: UnlistedString });

/**
 * The Event object: the whole body of a delivery.
 * @see https://apidocs.flexport.com/v2/tag/Event
 */
export interface FlexportBody {
  readonly _object: '/event';
  /** Also `event.externalId`, there as text. */
  readonly id: number;
  /** The version of the Event object: 2, under version 3 of the API as well. */
  readonly version: number;
  /** May be more than a day after `occurred_at`. */
  readonly created_at: string;
  readonly occurred_at: string;
  readonly type: string;
  readonly data: {
    readonly _object: Open<'/shipment_event_data'>;
    readonly resource: FlexportResource;
    readonly shipment?: FlexportShipment | null;
    readonly location?: FlexportNode | null;
    /** Empty for events of a whole shipment. */
    readonly containers?: readonly FlexportContainer[];
  };
}

/**
 * Any event that a source with the preset `flexport` receives.
 * @see https://apidocs.flexport.com/v2/tag/Event
 */
export type FlexportEvent = Typed<FlexportType, FlexportBody> | Unlisted;

/**
 * Events of one kind of object, those of new types too: for a handler that is wired with `types: ['/shipment_leg#*']`,
 * or as `event is FlexportEventOf<'/shipment_leg'>` for a test by `startsWith`.
 * @see https://apidocs.flexport.com/v2/tag/Milestones
 */
export type FlexportEventOf<Kind extends string> = FlexportEvent &
  TypedEvent<`${Kind}#${string}`, FlexportBody>;
